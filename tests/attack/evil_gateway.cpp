// An evil gateway: plays one attack against the program assay-device, and says what came of it.
//
//     evil_gateway ATTACK --bin FOLDER --table docs/refusals.md
//
// Ends with 0 if the device refused or noticed the attack with the word that the table promises, and
// runs nothing but the newest release that it was rightly given; with 1 otherwise, saying why.

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>

#include "host/crypto/sha256.hpp"
#include "tests/attack/attacks.hpp"

namespace {

using namespace assay;

// The last text in backquotes but one of the row: the word; the row starts with the attack's name.
std::string promised_word(const std::string& table, std::string_view attack) {
    std::ifstream in(table);
    for (std::string line; std::getline(in, line);) {
        const std::string start = "| `" + std::string(attack) + "` |";
        if (!line.starts_with(start)) continue;
        const std::size_t from = line.find('`', start.size());
        const std::size_t to = line.find('`', from + 1);
        if (from != std::string::npos && to != std::string::npos)
            return line.substr(from + 1, to - from - 1);
    }
    return {};
}

// Nothing: the device runs release `sequence` from a slot that holds it, and says so.
std::string what_is_wrong(const test::Victim& victim, std::uint64_t sequence) {
    const auto status = device::read_status(victim.device.folder.path());
    if (!status) return status.error().to_string();
    const Bytes image = test::Victim::image(sequence);
    if (status->sequence != sequence) {
        return "sequence " + std::to_string(status->sequence.value_or(0)) + " instead of " +
               std::to_string(sequence);
    }
    if (status->running != crypto::sha256(image)) return "another image is said to run";
    const auto slot = "slots/" + std::string(device::slot_name(status->slot)) + ".img";
    if (victim.device.read(slot) != image) return "the active slot holds something else";
    return {};
}

int play(const test::Attack& attack, const std::string& bin, const std::string& word) {
    test::Victim victim(bin);
    std::string wrong = what_is_wrong(victim, victim.newest);
    if (!wrong.empty()) wrong = "before the attack: " + wrong;
    attack.play(victim);
    victim.run_device();
    const std::string output = victim.device.output();
    if (wrong.empty() && output.find("\"word\":\"" + word + "\"") == std::string::npos) {
        wrong = "no such word in what the device says";
    }
    if (wrong.empty()) wrong = what_is_wrong(victim, victim.newest);
    if (wrong.empty() && victim.honest_gateway_helps) {
        victim.gateway.ranges_until_failure = -1;
        victim.offer_honestly(3);
        victim.run_device();
        wrong = what_is_wrong(victim, 3);
        if (!wrong.empty()) wrong = "after the attack: " + wrong;
    }
    std::cout << output << "{\"attack\":" << http::json_quote(attack.name)
              << ",\"word\":" << http::json_quote(word) << ",\"installed\":" << (wrong.empty() ? 0 : 1)
              << ",\"outcome\":" << http::json_quote(wrong.empty() ? "refused" : wrong) << "}\n";
    return wrong.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> options;
    for (int i = 2; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
    if (argc < 6 || !options.contains("--bin") || !options.contains("--table")) {
        std::cerr << "usage: evil_gateway ATTACK --bin FOLDER --table docs/refusals.md\n";
        return 2;
    }
    const std::string_view name = argv[1];
    for (const auto* list : {&test::named_attacks(), &test::other_lies()}) {
        for (const test::Attack& attack : *list) {
            if (attack.name != name) continue;
            const std::string word = promised_word(options["--table"], name);
            if (word.empty()) {
                std::cerr << name << " is not in " << options["--table"] << "\n";
                return 1;
            }
            return play(attack, options["--bin"], word);
        }
    }
    std::cerr << "no attack is called " << name << "\n";
    return 2;
}
