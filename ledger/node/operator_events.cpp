#include "ledger/node/operator_events.hpp"

#include <algorithm>
#include <utility>

namespace assay::ledger {
namespace {

constexpr std::chrono::minutes kLogAgain{1};

}  // namespace

void OperatorEvents::note(Timestamp now,
                          log::Level level,
                          std::string_view name,
                          std::string_view subject,
                          std::string what) {
    const auto same = std::ranges::find_if(events_, [&](const OperatorEvent& event) {
        return event.name == name && event.subject == subject;
    });
    OperatorEvent event;
    bool said_lately = false;
    if (same != events_.end()) {
        event = std::move(*same);
        events_.erase(same);
        ++event.count;
        said_lately = now >= event.last && now < event.last + kLogAgain;
    } else {
        event.first = now;
        event.name = std::string(name);
        event.subject = std::string(subject);
    }
    event.what = std::move(what);
    event.last = now;
    event.level = level;
    if (!said_lately) {
        log::event(level, event.name,
                   {{"ledger", ledger_},
                    {"subject", event.subject},
                    {"what", event.what},
                    {"count", event.count}});
    }
    events_.push_back(std::move(event));
    if (events_.size() > kOperatorEventsMax) events_.pop_front();
}

}  // namespace assay::ledger
