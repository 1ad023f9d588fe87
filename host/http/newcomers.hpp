// Connections that have not yet said anything: a TLS handshake or a first request is pending. Whoever
// opens many and stays silent must not keep others out, so a full listener gives up one newcomer for
// each new connection: the oldest of the address that has most of them.
//
// Used by the HTTP server and by the listener for peers, each with its own table, on one executor.

#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>

#include "host/http/origin.hpp"

namespace assay::http {

class Newcomers {
  public:
    // A newcomer's entry, for as long as it lives or until it has spoken. The table outlives it.
    class Entry {
      public:
        // `close` ends the connection; it is called at most once and must not destroy the entry.
        Entry(Newcomers& table, const Origin& origin, std::function<void()> close);
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry() { leave(); }

        // It has spoken. May be called again.
        void leave() noexcept;

      private:
        friend class Newcomers;
        Newcomers& table_;
        std::function<void()> close_;
        Origin origin_;
        std::list<Entry*>::iterator place_;
        bool listed_ = true;
    };

    // Closes one and forgets it; false if there is none.
    bool give_one_up();

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    std::map<Origin, std::list<Entry*>> by_origin_;  // oldest first
    std::size_t size_ = 0;
};

}  // namespace assay::http
