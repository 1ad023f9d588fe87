#include "host/http/parser.hpp"

#include <string>
#include <utility>

#include <boost/beast/http/parser.hpp>

#include "host/base/assert.hpp"
#include "host/http/url.hpp"

namespace assay::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;

// A Beast body that grows with what arrives. Beast's own bodies reserve what Content-Length
// promises, so that a peer could make us hold memory for bytes it never sends.
struct ArrivingBody {
    using value_type = Bytes;

    class reader {
      public:
        template <bool kIsRequest, typename Fields>
        reader(beast_http::header<kIsRequest, Fields>& /*header*/, value_type& body)
            : body_{body} {}
        void init(const boost::optional<std::uint64_t>& /*length*/, error_code& code) { code = {}; }
        template <typename Buffers>
        std::size_t put(const Buffers& buffers, error_code& code) {
            code = {};
            std::size_t count = 0;
            for (auto at = boost::asio::buffer_sequence_begin(buffers);
                 at != boost::asio::buffer_sequence_end(buffers); ++at) {
                const boost::asio::const_buffer part = *at;
                append(body_, ByteView(static_cast<const std::byte*>(part.data()), part.size()));
                count += part.size();
            }
            return count;
        }
        void finish(error_code& code) { code = {}; }

      private:
        value_type& body_;
    };

    static std::uint64_t size(const value_type& body) noexcept { return body.size(); }
};

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

template <typename Message>
Headers headers_of(const Message& message) {
    Headers headers;
    for (const auto& field : message) {
        headers.add(text(field.name_string()), text(field.value()));
    }
    return headers;
}

unsigned status_for(const error_code& code) noexcept {
    if (code == beast_http::error::header_limit) return 431;
    if (code == beast_http::error::body_limit) return 413;
    if (code == beast_http::error::bad_version) return 505;
    return 400;
}

// What both parsers share: Beast takes whole lines only, so the rest is kept until more comes.
template <bool kIsRequest>
class Core {
  public:
    explicit Core(const ParserLimits& limits) : limits_{limits} {
        parser_.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        parser_.body_limit(limits.body_bytes_max);
    }

    Result<void> feed(ByteView data) {
        if (!pending_.empty()) {
            append(pending_, data);
            const Bytes all = std::exchange(pending_, Bytes{});
            return consume(all);
        }
        return consume(data);
    }

    Result<void> feed_end() {
        error_code code;
        if (!pending_.empty()) {
            return fail(Refusal::kMalformed, "the connection ended within an HTTP message");
        }
        parser_.put_eof(code);
        if (code) return refuse(code);
        return {};
    }

    tl::unexpected<Error> refuse(unsigned status, std::string why) {
        error_status_ = status;
        const bool limit = status == 413 || status == 431;
        return fail(limit ? Refusal::kLimitExceeded : Refusal::kMalformed, std::move(why));
    }

    beast_http::parser<kIsRequest, ArrivingBody>& beast() { return parser_; }
    // As the head has them; Beast mixes in the trailers later, which must not pass for the head's
    // (RFC 9110, section 6.5.1).
    Headers& headers() noexcept { return headers_; }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    [[nodiscard]] bool started() const noexcept { return started_; }
    [[nodiscard]] unsigned error_status() const noexcept { return error_status_; }
    Bytes take_rest() noexcept { return std::exchange(pending_, Bytes{}); }

  private:
    Result<void> consume(ByteView data) {
        started_ = started_ || !data.empty();
        while (!data.empty() && !parser_.is_done()) {
            error_code code;
            const std::size_t used =
                parser_.put(boost::asio::const_buffer(data.data(), data.size()), code);
            data = data.subspan(used);
            if (code == beast_http::error::need_more) break;
            if (code) return refuse(code);
            if (used == 0) break;
            if (!parser_.eager() && parser_.is_header_done()) take_head();
        }
        // An unfinished head, chunk line or trailer. Beast bounds only the head.
        if (!parser_.is_done() && data.size() > limits_.header_bytes_max) {
            return refuse(beast_http::error::header_limit);
        }
        append(pending_, data);
        return {};
    }

    // Beast stops at the end of the head until it is told to be eager.
    void take_head() {
        headers_ = headers_of(parser_.get());
        keep_alive_ = parser_.keep_alive();
        parser_.eager(true);
    }

    tl::unexpected<Error> refuse(const error_code& code) {
        const unsigned status = status_for(code);
        std::string why = "HTTP message: " + code.message();
        if (status == 431) {
            why = "HTTP header is larger than " + std::to_string(limits_.header_bytes_max);
        } else if (status == 413) {
            why = "HTTP body is larger than " + std::to_string(limits_.body_bytes_max);
        }
        if (status == 413 || status == 431) why += " bytes";
        return refuse(status, std::move(why));
    }

    ParserLimits limits_;
    beast_http::parser<kIsRequest, ArrivingBody> parser_;
    Bytes pending_;
    Headers headers_;
    bool keep_alive_ = false;
    bool started_ = false;
    unsigned error_status_ = 400;
};

// Takes the scheme and authority off an absolute-form target (RFC 9112, section 3.2.2).
std::string_view origin_form(std::string_view target) noexcept {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const std::size_t slash = target.find('/', scheme.size());
        return slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    return target;
}

// "." and ".." have no place in a request: a client resolves them (RFC 3986, section 5.2.4). Nor has
// an encoded slash, in which a handler that decodes the segment would find a path.
bool is_plain_path(std::string_view path) {
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const std::size_t end = std::min(path.find('/'), path.size());
        const auto segment = percent_decode(path.substr(0, end));
        if (!segment || *segment == "." || *segment == "..") return false;
        if (segment->find_first_of(std::string_view("/\0", 2)) != std::string::npos) return false;
        path.remove_prefix(end);
    }
    return true;
}

}  // namespace

struct RequestParser::Impl {
    explicit Impl(const ParserLimits& limits) : core{limits} {}

    Result<void> check_head();
    Result<void> check_framing();

    Core<true> core;
    Request request;
    bool checked = false;
};

// RFC 9112, section 6.1: what leaves room for two readings of where a message ends is refused.
Result<void> RequestParser::Impl::check_framing() {
    const auto& head = core.beast().get();
    const std::size_t codings = request.headers.count("Transfer-Encoding");
    if (codings > 0) {
        if (request.headers.count("Content-Length") > 0 || head.version() < 11) {
            return core.refuse(400, "Transfer-Encoding does not go with the rest of the request");
        }
        if (codings > 1 || !core.beast().chunked() ||
            request.headers.find("Transfer-Encoding")->size() !=
                std::string_view("chunked").size()) {
            return core.refuse(501, "the only Transfer-Encoding known here is chunked");
        }
    }
    const std::size_t hosts = request.headers.count("Host");
    if (hosts > 1 || (hosts == 0 && head.version() >= 11)) {
        return core.refuse(400, "a request needs one Host field");
    }
    return {};
}

Result<void> RequestParser::Impl::check_head() {
    checked = true;
    const auto& head = core.beast().get();
    request.method = text(head.method_string());
    request.target = text(head.target());
    request.headers = std::move(core.headers());
    request.keep_alive = core.keep_alive();
    if (auto framing = check_framing(); !framing) return framing;

    const std::string_view target = origin_form(request.target);
    const std::size_t mark = std::min(target.find('?'), target.size());
    request.path = std::string(target.substr(0, mark));
    if (!request.path.starts_with('/') || !is_plain_path(request.path)) {
        return core.refuse(400, "request target is not an absolute path");
    }
    auto query = parse_query(target.substr(std::min(mark + 1, target.size())));
    if (!query) return core.refuse(400, "query of the request target is not well encoded");
    request.query = std::move(*query);
    return {};
}

RequestParser::RequestParser(const ParserLimits& limits) : impl_{std::make_unique<Impl>(limits)} {}
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;
RequestParser::~RequestParser() = default;

Result<void> RequestParser::feed(ByteView data) {
    if (auto fed = impl_->core.feed(data); !fed) return fed;
    if (has_head() && !impl_->checked) return impl_->check_head();
    return {};
}

bool RequestParser::started() const noexcept { return impl_->core.started(); }
bool RequestParser::has_head() const noexcept { return impl_->core.beast().is_header_done(); }
bool RequestParser::done() const noexcept { return impl_->core.beast().is_done(); }

bool RequestParser::expects_continue() const noexcept {
    const auto expect = impl_->request.header("Expect");
    return expect && boost::beast::iequals({expect->data(), expect->size()}, "100-continue");
}

unsigned RequestParser::error_status() const noexcept { return impl_->core.error_status(); }

Request RequestParser::take() {
    ASSAY_ASSERT(done() && impl_->checked);
    impl_->request.body = std::move(impl_->core.beast().get().body());
    return std::move(impl_->request);
}

Bytes RequestParser::take_rest() noexcept { return impl_->core.take_rest(); }

struct ResponseParser::Impl {
    explicit Impl(const ParserLimits& limits) : core{limits} {}
    Core<false> core;
};

ResponseParser::ResponseParser(const ParserLimits& limits, bool answers_head)
    : impl_{std::make_unique<Impl>(limits)} {
    impl_->core.beast().skip(answers_head);
}
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;
ResponseParser::~ResponseParser() = default;

Result<void> ResponseParser::feed(ByteView data) { return impl_->core.feed(data); }
Result<void> ResponseParser::feed_end() { return impl_->core.feed_end(); }
bool ResponseParser::started() const noexcept { return impl_->core.started(); }
bool ResponseParser::has_head() const noexcept { return impl_->core.beast().is_header_done(); }
bool ResponseParser::done() const noexcept { return impl_->core.beast().is_done(); }
bool ResponseParser::keep_alive() const noexcept { return impl_->core.keep_alive(); }

Response ResponseParser::take_head() {
    ASSAY_ASSERT(has_head());
    const auto& head = impl_->core.beast().get();
    Response response(head.result_int());
    response.headers = std::move(impl_->core.headers());
    return response;
}

Bytes ResponseParser::take_body() noexcept {
    return std::exchange(impl_->core.beast().get().body(), Bytes{});
}

Bytes ResponseParser::take_rest() noexcept { return impl_->core.take_rest(); }

}  // namespace assay::http
