#include "ledger/core/log_policy.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "host/base/text_encoding.hpp"
#include "ledger/core/tlog_proof.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint8_t kLogKey = 0x01;
constexpr std::uint8_t kCosignerKey = 0x04;
constexpr std::size_t kEd25519Bytes = 32;

using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
    Words words;
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos) return words;
        line.remove_prefix(begin);
        const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

bool is_policy_text(std::string_view text) noexcept {
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
    });
}

std::string vkey(std::string_view name, std::uint8_t type, const crypto::PublicKey& key) {
    Bytes raw = {std::byte{type}};
    append(raw, key.bytes);
    return std::string(name) + "+" + to_hex(note_key_id(name, type, key.bytes)) + "+" +
           to_base64(raw);
}

Result<VerifierKey> parse_vkey(std::string_view text, std::uint8_t type) {
    const auto bad = [text](std::string_view why) {
        return fail(Refusal::kMalformed, "key \"" + std::string(text) + "\": " + std::string(why));
    };
    const std::size_t first = text.find('+');
    const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos || first == 0) return bad("not name+id+key");
    const auto raw = from_base64(text.substr(second + 1));
    if (!raw || raw->size() != 1 + kEd25519Bytes || (*raw)[0] != std::byte{type}) {
        return bad(type == kLogKey ? "not an Ed25519 log key" : "not a cosignature/v1 key");
    }
    VerifierKey key;
    key.name = std::string(text.substr(0, first));
    key.key.algorithm = crypto::Algorithm::kEd25519;
    key.key.bytes.assign(raw->begin() + 1, raw->end());
    if (text.substr(first + 1, second - first - 1) !=
        to_hex(note_key_id(key.name, type, key.key.bytes))) {
        return bad("the id is not that of the key");
    }
    return key;
}

class Parser {
  public:
    Result<LogPolicy> run(std::string_view text) {
        if (text.size() > kLogPolicyBytesMax) {
            return fail(Refusal::kLimitExceeded, "the policy is too large");
        }
        if (!is_policy_text(text) || (!text.empty() && text.back() != '\n')) {
            return fail(Refusal::kMalformed, "the policy is no text of whole lines");
        }
        for (std::size_t number = 1; !text.empty(); ++number) {
            const std::size_t end = text.find('\n');
            const Words words = words_of(text.substr(0, end));
            text.remove_prefix(end + 1);
            if (words.empty() || words[0].starts_with('#')) continue;
            if (auto done = line(words); !done) {
                return fail(std::move(done).error().within("policy line " + std::to_string(number)));
            }
        }
        if (!quorum_given_) return fail(Refusal::kMalformed, "the policy names no quorum");
        return std::move(policy_);
    }

  private:
    static tl::unexpected<Error> bad(std::string_view why) {
        return fail(Refusal::kMalformed, std::string(why));
    }

    Result<void> line(const Words& words) {
        const bool has_url_or_not = words.size() == 2 || words.size() == 3;
        if (words[0] == "log" && has_url_or_not) return add_log(words[1]);
        if (words[0] == "witness" && (words.size() == 3 || words.size() == 4)) {
            return add_witness(words[1], words[2]);
        }
        if (words[0] == "group" && words.size() >= 4) return add_group(words);
        if (words[0] == "quorum" && words.size() == 2) return set_quorum(words[1]);
        return bad("not a log, witness, group or quorum");
    }

    Result<void> add_log(std::string_view text) {
        auto key = parse_vkey(text, kLogKey);
        if (!key) return fail(std::move(key).error());
        if (policy_.logs.size() == kPolicyNamesMax) {
            return fail(Refusal::kLimitExceeded, "too many logs");
        }
        for (const VerifierKey& log : policy_.logs) {
            if (log.key == key->key) return bad("this log is listed already");
        }
        policy_.logs.push_back(std::move(*key));
        return {};
    }

    Result<void> add_voice(std::string_view name, LogPolicy::Voice voice, std::size_t depth) {
        if (policy_.voices.size() == 2 * kPolicyNamesMax || depth > kPolicyDepthMax) {
            return fail(Refusal::kLimitExceeded, "too many witnesses or groups");
        }
        if (name == "none" || !places_.try_emplace(std::string(name), policy_.voices.size()).second) {
            return bad("the name " + std::string(name) + " is taken");
        }
        voice.name = std::string(name);
        policy_.voices.push_back(std::move(voice));
        depths_.push_back(depth);
        return {};
    }

    Result<void> add_witness(std::string_view name, std::string_view text) {
        auto key = parse_vkey(text, kCosignerKey);
        if (!key) return fail(std::move(key).error());
        for (const LogPolicy::Voice& voice : policy_.voices) {
            if (voice.witness && voice.witness->key == key->key) {
                return bad("this witness is listed already");
            }
        }
        LogPolicy::Voice voice;
        voice.witness = std::move(*key);
        return add_voice(name, std::move(voice), 0);
    }

    Result<void> add_group(const Words& words) {
        LogPolicy::Voice group;
        std::size_t depth = 0;
        for (std::size_t i = 3; i < words.size(); ++i) {
            const auto place = places_.find(std::string(words[i]));
            if (place == places_.end()) return bad(std::string(words[i]) + " is not defined yet");
            // In one group only, so that each witness counts once.
            if (!grouped_.try_emplace(place->second, true).second) {
                return bad(std::string(words[i]) + " is in a group already");
            }
            group.members.push_back(place->second);
            depth = std::max(depth, depths_[place->second]);
        }
        if (words[2] == "all") {
            group.threshold = group.members.size();
        } else if (words[2] == "any") {
            group.threshold = 1;
        } else {
            const auto number = parse_decimal(words[2]);
            if (!number || *number == 0 || *number > group.members.size()) {
                return bad("a threshold is all, any, or from 1 to the number of members");
            }
            group.threshold = static_cast<std::size_t>(*number);
        }
        return add_voice(words[1], std::move(group), depth + 1);
    }

    Result<void> set_quorum(std::string_view name) {
        if (std::exchange(quorum_given_, true)) return bad("there is a quorum already");
        if (name == "none") return {};
        const auto place = places_.find(std::string(name));
        if (place == places_.end()) return bad(std::string(name) + " is not defined yet");
        policy_.quorum = place->second;
        return {};
    }

    LogPolicy policy_;
    std::map<std::string, std::size_t> places_;
    std::map<std::size_t, bool> grouped_;
    std::vector<std::size_t> depths_;  // of each voice
    bool quorum_given_ = false;
};

// Whether those witnesses suffice whose cosignature is not older than `since`.
bool is_met(const LogPolicy& policy,
            const std::map<std::size_t, std::uint64_t>& times,
            std::uint64_t since) {
    if (!policy.quorum) return true;
    std::vector<bool> speaks(policy.voices.size());
    for (std::size_t i = 0; i < policy.voices.size(); ++i) {
        const LogPolicy::Voice& voice = policy.voices[i];
        if (voice.witness) {
            const auto time = times.find(i);
            speaks[i] = time != times.end() && time->second >= since;
        } else {
            const auto count = std::ranges::count_if(voice.members,
                                                     [&](std::size_t m) { return speaks[m]; });
            speaks[i] = static_cast<std::size_t>(count) >= voice.threshold;
        }
    }
    return speaks[*policy.quorum];
}

}  // namespace

Result<LogPolicy> parse_log_policy(std::string_view text) { return Parser().run(text); }

std::string log_policy_text(const EpochRecord& epoch, std::string_view origin) {
    std::string text = "# " + std::string(origin) + ", epoch " + std::to_string(epoch.epoch) + "\n";
    for (const EpochMember& member : epoch.members) {
        text += "log " + vkey(origin, kLogKey, member.log) + "\n";
    }
    std::string names;
    for (const EpochMember& member : epoch.members) {
        text += "witness " + member.name + " " + vkey(member.name, kCosignerKey, member.cosign) + "\n";
        names += " " + member.name;
    }
    // No member is called so: their names have no capitals.
    return text + "group MEMBERS " + std::to_string(epoch.quorum) + names + "\nquorum MEMBERS\n";
}

Result<WitnessedCheckpoint> verify_checkpoint(std::string_view note_text, const LogPolicy& policy) {
    const auto note = parse_note(note_text);
    if (!note) return fail(Error(note.error()));
    auto checkpoint = parse_checkpoint_text(note->text);
    if (!checkpoint) return fail(std::move(checkpoint).error());
    bool is_logged = false;
    std::map<std::size_t, std::uint64_t> times;  // of each witness the newest
    for (const NoteSignature& signature : note->signatures) {
        is_logged |= std::ranges::any_of(policy.logs, [&](const VerifierKey& log) {
            return log.name == checkpoint->origin &&
                   verify_log_signature(signature, *checkpoint, log.key);
        });
        for (std::size_t i = 0; i < policy.voices.size(); ++i) {
            const auto& witness = policy.voices[i].witness;
            if (!witness) continue;
            const auto time = verify_cosignature(signature, *checkpoint, witness->name, witness->key);
            if (time) times[i] = std::max(times[i], *time);
        }
    }
    if (!is_logged) {
        return fail(Refusal::kOriginMismatch,
                    "none of the policy's logs signed the checkpoint of " + checkpoint->origin);
    }
    WitnessedCheckpoint found;
    for (const auto& [place, time] : times) {
        found.witnesses.push_back(policy.voices[place].name);
        if (is_met(policy, times, time)) found.time = std::max(found.time, time);
    }
    if (!is_met(policy, times, 0)) {
        return fail(Refusal::kQuorumNotMet, "cosigned by " + std::to_string(times.size()) +
                                                " of the policy's witnesses");
    }
    found.checkpoint = std::move(*checkpoint);
    return found;
}

}  // namespace assay::ledger
