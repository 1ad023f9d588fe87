// A TCP connection, plain or under TLS, as coroutines. Used by the HTTP server and client and by
// the ledgers' peer protocol.
//
// Buffers exist only while bytes are in flight: a stream that waits for its peer holds none.
// Full duplex: one coroutine may read while another writes, both on the socket's executor, which
// must not run two handlers at once (an io_context run by one thread, or a strand). A stream must
// outlive its operations and must not be moved while one is under way.
//
// Time-outs are the caller's: with_timeout (timeout.hpp), Deadline below, or operator|| of Asio.
// All operations can be cancelled; a cancelled read_some has taken no bytes.

#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include "host/base/bytes.hpp"
#include "host/base/file.hpp"
#include "host/base/result.hpp"
#include "host/http/tls.hpp"

namespace assay::http {

class Stream {
  public:
    explicit Stream(boost::asio::ip::tcp::socket socket);
    // `host` is what a client announces by SNI; leave it empty for servers and for IP addresses.
    Stream(boost::asio::ip::tcp::socket socket,
           std::shared_ptr<const TlsContext> tls,
           std::string_view host = {});
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;
    ~Stream();

    // To be awaited before the first read or write; does nothing on a plain stream. A TLS 1.3
    // client learns only from its first read that the server refused its certificate. With a pool,
    // signing and checking certificates is done there, and TlsOptions::accept is called there.
    [[nodiscard]] boost::asio::awaitable<Result<void>> handshake(
        boost::asio::thread_pool* pool = nullptr);

    // At least one byte, or 0 if the peer closed the connection in good order.
    [[nodiscard]] boost::asio::awaitable<Result<std::size_t>> read_some(std::span<std::byte> out);
    // Fills `out`. Fails with std::errc::connection_reset if the peer closes before that.
    [[nodiscard]] boost::asio::awaitable<Result<void>> read_exact(std::span<std::byte> out);
    // Returns when read_some has something to say, or may have; needs no buffer meanwhile. Cheaper
    // than read_some where the peer is not expected to have sent anything yet.
    [[nodiscard]] boost::asio::awaitable<Result<void>> wait_readable();

    [[nodiscard]] boost::asio::awaitable<Result<void>> write_all(ByteView data);
    // A part of a file; without TLS the kernel sends it from its cache. Fails with
    // std::errc::io_error if the file has become shorter.
    [[nodiscard]] boost::asio::awaitable<Result<void>> write_file(const FileHandle& file,
                                                                  std::uint64_t offset,
                                                                  std::uint64_t length);

    // Tells the peer that nothing more will come (close_notify, FIN). Does not wait for its answer.
    [[nodiscard]] boost::asio::awaitable<Result<void>> shutdown();
    // Ends everything at once; pending operations fail.
    void close() noexcept;
    // Pending operations fail with std::errc::operation_canceled; the connection stays.
    void cancel() noexcept;

    // For a stream kept for later: false if the peer has closed it or has sent something unasked.
    [[nodiscard]] bool is_quiet();
    [[nodiscard]] bool is_open() const noexcept;

    // Null on a plain stream, before the handshake, or if the peer showed no certificate.
    [[nodiscard]] const PeerIdentity* peer() const noexcept;
    [[nodiscard]] std::string_view alpn() const noexcept;
    // "192.0.2.7:4001" or "[2001:db8::7]:4001"; empty if not connected.
    [[nodiscard]] std::string remote_address() const;
    // 0.0.0.0 if not connected.
    [[nodiscard]] boost::asio::ip::address remote_ip() const;
    [[nodiscard]] boost::asio::any_io_executor executor();

  private:
    boost::asio::awaitable<Result<void>> receive_ciphertext();
    boost::asio::awaitable<Result<void>> send_output();
    // What was done without waiting is enough: the other connections have their turn.
    [[nodiscard]] bool owes_a_pause() noexcept;
    // Before giving up: the alert that tells the peer why, if it can be sent without waiting.
    void send_output_now() noexcept;

    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<TlsEngine> tls_;
    unsigned steps_without_pause_ = 0;  // reads, and writes of a few bytes
    bool writing_ = false;
};

// Cancels what the stream waits for when time is up, and what is begun later, until it is set anew
// or disarmed. One object serves a connection for its life
// and is cheaper than a second coroutine. The stream must outlive it.
class Deadline {
  public:
    explicit Deadline(Stream& stream);
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline();

    // Replaces the deadline set before.
    void expires_after(std::chrono::steady_clock::duration duration);
    void disarm();
    // As disarm, for a short while: the timer goes on, which is cheaper, and keeps an io_context busy.
    void ignore() noexcept;
    // Time was up since the last call of expires_after.
    [[nodiscard]] bool expired() const noexcept;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace assay::http
