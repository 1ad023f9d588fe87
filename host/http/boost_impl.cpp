// The one place where Asio and Beast are compiled (BOOST_*_SEPARATE_COMPILATION, assay_boost).
// Asio's TLS is left out on purpose: tls.cpp drives OpenSSL directly.

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
