// One connection of the Server: internal to host/http.

#pragma once

#include <ctime>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "host/http/message.hpp"
#include "host/http/newcomers.hpp"
#include "host/http/server.hpp"
#include "host/http/stream.hpp"

namespace assay::http {

class Session;

// What the sessions of one server have in common; one executor, no locks.
struct SessionContext {
    ServerOptions options;
    Handler handler;
    std::unordered_set<Session*> sessions;
    Newcomers newcomers;      // those of the sessions that have not said anything
    std::size_t leaving = 0;  // sessions given up for others, and not yet gone
    using OfKey = std::map<Sha256Digest, std::vector<Session*>>;
    OfKey of_key;  // of each client key, the oldest first, without those given up; if there is a limit
    bool stopping = false;
    std::function<void()> on_session_end;

    // Of the Date field, made once a second.
    [[nodiscard]] const std::string& date();
    std::time_t date_made = -1;
    std::string date_text;
};

class Session {
  public:
    Session(SessionContext& context, Stream stream);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    // Serves requests until either side has had enough.
    [[nodiscard]] boost::asio::awaitable<void> run();
    // Answers 503, whatever the client wants.
    [[nodiscard]] boost::asio::awaitable<void> turn_away();

    // Waits for a request, and none has begun.
    [[nodiscard]] bool is_idle() const noexcept { return idle_; }
    void close() noexcept { stream_.close(); }

  private:
    void give_up() noexcept;
    void enter_key();
    void leave_key() noexcept;
    // One request and its response; true if the connection may be used again. `rest` holds bytes
    // that came with the request before.
    boost::asio::awaitable<bool> serve_one(Bytes& rest);
    // False if there is nothing to serve; an error has been answered by then.
    boost::asio::awaitable<bool> read_request(class RequestParser& parser, Bytes rest);
    boost::asio::awaitable<Response> handle(Request request);
    boost::asio::awaitable<bool> send(Response response, bool head_only, bool keep_alive);
    boost::asio::awaitable<bool> send_body(const Response& response);
    boost::asio::awaitable<bool> send_streamed(const StreamedBody& body);
    boost::asio::awaitable<bool> send_piece(ByteView piece);
    boost::asio::awaitable<bool> send_file(const FileRange& part);
    boost::asio::awaitable<void> send_refusal(Response response);
    // Lets the client read our answer although it has not stopped sending.
    boost::asio::awaitable<void> close_gently();

    SessionContext& context_;
    Stream stream_;
    Deadline deadline_;
    const Origin origin_;
    Newcomers::Entry newcomer_;
    SessionContext::OfKey::value_type* of_key_ = nullptr;  // where it is listed
    bool idle_ = false;
    bool leaving_ = false;
};

}  // namespace assay::http
