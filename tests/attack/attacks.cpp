#include "tests/attack/attacks.hpp"

#include "tests/support/epoch_chain.hpp"

namespace assay::test {
namespace {

using ledger::Slot;

constexpr std::uint64_t kChunk = 4096;
constexpr std::uint64_t kDay = 24 * 3600;
constexpr std::uint64_t kNext = 3;  // the sequence that a newest release would have

// ---- Uptane

// To read what passes, the attacker must end TLS himself, with a certificate of his own site.
void eavesdrop(Victim& victim) {
    static TestGateway stranger;
    stranger.offer(victim.prove(victim.record(kNext)).leaf(), {});
    victim.device.config.gateway = stranger.url();
}

void drop_request(Victim& victim) { victim.device.config.gateway = "https://127.0.0.1:1"; }

void slow_retrieval(Victim& victim) {
    victim.offer_honestly(kNext);
    victim.gateway.images_stall = true;
    victim.device.config.gateway_timeout_s = 1;
}

// The newest that the attacker lets the device see is eight days old.
void freeze(Victim& victim) {
    victim.offer(victim.prove(victim.record(kNext), victim.now - 8 * kDay, {0, 1, 2, 3}),
                 Victim::image(kNext));
}

// One component gets its update while the one it needs has been kept back.
void partial_bundle(Victim& victim) {
    auto record = victim.record(kNext);
    record.depends_on = {{"bootloader", 2}};
    victim.offer(victim.prove(record), Victim::image(kNext));
}

// A release that is made for another combination of versions than the one that is installed.
void mixed_bundles(Victim& victim) {
    auto record = victim.record(7);
    record.applies_to = ledger::AppliesTo{5, 6, std::nullopt};
    victim.offer(victim.prove(record), Victim::image(7));
}

// ---- TUF

void arbitrary_installation(Victim& victim) {
    const auto record = victim.record(kNext);
    const auto key = key_named("attacker");
    auto proved = victim.prove(record);
    proved.proof.release_tx =
        victim.consortium.sign(ledger::TxType::kRelease, ledger::encode_release(record),
                               ledger::subject_of(record), 0, {&key});
    const auto index = proved.log.add(proved.proof.release_tx);
    const auto policy = proved.log.add(proved.proof.policy_tx);
    const std::string note = proved.log.note(victim.now);
    proved.proof.release_proof = proved.log.prove(index, note);
    proved.proof.policy_proof = proved.log.prove(policy, note);
    victim.offer(proved, Victim::image(kNext));
}

void rollback(Victim& victim) {
    auto proved = victim.prove(victim.record(1));
    for (int i = 0; i < 20; ++i) proved.log.add(as_bytes("later"));
    const std::string note = proved.log.note(victim.now);
    proved.proof.policy_proof = proved.log.prove(5, note);  // behind the 5 transactions before it
    proved.proof.release_proof = proved.log.prove(6, note);
    victim.offer(proved, Victim::image(1));
}

// Sizes, sequences and times far ahead, so that all that is honest would look old from then on. The
// attacker has one member's keys.
void fast_forward(Victim& victim) {
    auto record = victim.record(1000);
    victim.offer(victim.prove(record, victim.now + 3650 * kDay, {2}), Victim::image(1000));
    victim.honest_gateway_helps = true;
}

void indefinite_freeze(Victim& victim) {
    victim.gateway.offer_nothing();
    victim.device.config.checkpoint_age_max_s = 50;  // release 2 was proved 100 s ago
}

void endless_data(Victim& victim) {
    const auto proved = victim.prove(victim.record(kNext));
    OfferedRelease release;
    release.proof = Bytes(std::size_t{32} * 1024 * 1024);
    release.sequence = kNext;
    victim.gateway.offer(proved.leaf(), std::move(release));
}

// Something that the device never needed, genuine though it is.
void extraneous_dependencies(Victim& victim) {
    auto record = victim.record(kNext);
    record.component = "telemetry";
    victim.offer(victim.prove(record), Victim::image(kNext));
}

// Parts of two states of the ledger, each of which was true at a time.
void mix_and_match(Victim& victim) {
    auto proved = victim.prove(victim.record(kNext));
    const auto earlier = victim.prove(victim.record(kNext), victim.now - 60, {0, 1, 2});
    proved.proof.policy_proof = earlier.proof.policy_proof;
    victim.offer(proved, Victim::image(kNext));
}

void wrong_software(Victim& victim) {
    auto record = victim.record(kNext);
    record.device_class = ledger::uuid5(victim.consortium.vendor, "another-class");
    victim.offer(victim.prove(record), Victim::image(kNext));
}

void malicious_mirrors(Victim& victim) {
    victim.offer_honestly(kNext);
    victim.gateway.ranges_until_failure = 0;
    victim.honest_gateway_helps = true;
}

// The attacker has a release key that the OEM has replaced since, and the policy that named it.
void key_compromise(Victim& victim) {
    victim.offer(victim.prove(victim.record(kNext), victim.now, {0, 1, 2, 3}, 1),
                 Victim::image(kNext));
}

// A consortium of the attacker's own under the same names, with all its signatures.
void forged_ledger(Victim& victim) {
    TestConsortium forged;
    for (ConsortiumMember& member : forged.members) {
        ConsortiumMember own(member.member.slot, "forged " + member.member.name,
                             member.member.roles);
        own.member.name = member.member.name;
        member = std::move(own);
    }
    const ProvedRelease proved(forged, victim.record(kNext), victim.now);
    victim.offer(proved, Victim::image(kNext));
}

// ---- What neither names

// Old cosignatures of honest members made fresh by one member's new one.
void lying_member(Victim& victim) {
    auto proved = victim.prove(victim.record(kNext), victim.now - 8 * kDay, {0, 1});
    const auto note = proved.log.note(victim.now - 8 * kDay, {0, 1});
    const auto liar = proved.log.note(victim.now, {2});
    const auto signatures_of_liar = liar.substr(liar.rfind("\xe2\x80\x94"));  // its last line
    proved.proof.release_proof = proved.log.prove(8, note + signatures_of_liar);
    proved.proof.policy_proof = proved.log.prove(7, note + signatures_of_liar);
    victim.offer(proved, Victim::image(kNext));
}

// A quorum of members who have been replaced since; the device was told so by the release before.
void old_epoch(Victim& victim) {
    const EpochChain chain(victim.consortium, 1);  // the last member gets another key
    auto told = victim.prove(victim.record(kNext), victim.now, {0, 1, 2});
    told.proof.epochs = chain.steps;
    victim.offer(told, Victim::image(kNext), kNext);
    victim.run_device();
    victim.newest = kNext;
    victim.offer(victim.prove(victim.record(kNext + 1), victim.now, {1, 2, 3}),
                 Victim::image(kNext + 1));
}

void replayed_content(Victim& victim) {
    victim.offer(victim.prove(victim.record(kNext)), Victim::image(2));
}

void truncated_content(Victim& victim) {
    const auto proved = victim.prove(victim.record(kNext));
    OfferedRelease release;
    release.proof = proved.bundle();
    release.image = Victim::image(kNext);
    release.chunks = TestConsortium::chunks(release.image, kChunk);
    release.image.resize(release.image.size() - 1);
    release.sequence = kNext;
    victim.gateway.offer(proved.leaf(), std::move(release));
}

}  // namespace

Victim::Victim(const std::string& bin)
    : device{bin, gateway, consortium},
      now{static_cast<std::uint64_t>(SystemClock().now().time_since_epoch().count())} {
    offer(prove(record(2), now - 100, {0, 1, 2, 3}), image(2), newest);
    run_device();
}

Bytes Victim::image(std::uint64_t sequence) {
    Bytes out(4 * kChunk - 7);
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::byte>((i * 131 + i / 509 + sequence * 77) & 0xff);
    }
    return out;
}

ledger::ReleaseRecord Victim::record(std::uint64_t sequence) const {
    return consortium.release(sequence, image(sequence), kChunk);
}

ProvedRelease Victim::prove(const ledger::ReleaseRecord& release) const {
    return prove(release, now, {0, 1, 2, 3});
}

ProvedRelease Victim::prove(const ledger::ReleaseRecord& release,
                            std::uint64_t time,
                            const std::vector<Slot>& cosigners,
                            std::uint64_t policy_version) const {
    return {consortium, release, time, cosigners, policy_version};
}

void Victim::offer(const ProvedRelease& proved,
                   const Bytes& image_bytes,
                   std::uint64_t claimed_sequence) {
    OfferedRelease release;
    release.proof = proved.bundle();
    release.image = image_bytes;
    release.chunks = TestConsortium::chunks(image_bytes, kChunk);
    release.sequence = claimed_sequence;
    gateway.offer(proved.leaf(), std::move(release));
}

void Victim::offer_honestly(std::uint64_t sequence) {
    offer(prove(record(sequence)), image(sequence), sequence);
}

void Victim::run_device() const {
    const int code = device.run("run --once --json");
    ASSAY_ASSERT(code == 0);
}

const std::vector<Attack>& named_attacks() {
    static const std::vector<Attack> attacks = {
        {"uptane.eavesdrop", eavesdrop},
        {"uptane.drop-request", drop_request},
        {"uptane.slow-retrieval", slow_retrieval},
        {"uptane.freeze", freeze},
        {"uptane.partial-bundle", partial_bundle},
        {"uptane.mixed-bundles", mixed_bundles},
        {"tuf.arbitrary-installation", arbitrary_installation},
        {"tuf.rollback", rollback},
        {"tuf.fast-forward", fast_forward},
        {"tuf.indefinite-freeze", indefinite_freeze},
        {"tuf.endless-data", endless_data},
        {"tuf.extraneous-dependencies", extraneous_dependencies},
        {"tuf.mix-and-match", mix_and_match},
        {"tuf.wrong-software", wrong_software},
        {"tuf.malicious-mirrors", malicious_mirrors},
        {"tuf.key-compromise", key_compromise},
        {"ledger.forged", forged_ledger},
    };
    return attacks;
}

const std::vector<Attack>& other_lies() {
    static const std::vector<Attack> lies = {
        {"lie.member-below-quorum", lying_member},
        {"lie.old-epoch", old_epoch},
        {"lie.replayed-content", replayed_content},
        {"lie.truncated-content", truncated_content},
    };
    return lies;
}

}  // namespace assay::test
