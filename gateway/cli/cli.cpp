#include "gateway/cli/cli.hpp"

#include <algorithm>
#include <functional>
#include <iostream>

#include "gateway/cli/cli11_support.hpp"
#include "gateway/cli/enrolment_verbs.hpp"
#include "gateway/cli/image_verbs.hpp"
#include "gateway/cli/investigation_verbs.hpp"
#include "gateway/cli/member_verbs.hpp"
#include "gateway/cli/rollout_verbs.hpp"
#include "gateway/cli/verbs.hpp"

namespace assay::gateway::cli {
namespace {

// What the command line asked for. Options are filled while parsing; `verb` is set by the leaf that
// was reached and runs afterwards.
struct Request {
    bool json = false;
    FolderOptions folder;
    InitMemberOptions member;
    FoundOptions founding;
    EngineListOptions engines;
    std::filesystem::path engine_binary;
    PolicyOptions policy;
    PublishOptions publish;
    DraftOptions draft;
    DraftRequest drafts;
    RecallOptions recall;
    StatusOptions status;
    MemberRequest members;
    ImageOptions image;
    EnrolOptions enrol;
    RolloutRequest rollout;
    EnrolmentRequest enrolment;
    BlockOptions block;
    TransactionOptions transaction;
    ProveOptions prove;
    LogPolicyOptions log_policy;
    BundleOptions bundle;
    ReleaseBundleOptions release_bundle;
    InvestigationRequest investigation;
    std::function<Outcome()> verb;
};

void add_init(CLI::App& app, Request& request) {
    const auto choose = [&request] {
        request.verb = [&request]() -> Outcome {
            if (!request.founding.cards.empty()) return found_consortium(request.founding);
            if (request.member.name.empty()) {
                return give_up(ExitCode::kUsage, "init wants --name, or --genesis with cards",
                               "See `assay init --help`.");
            }
            return init_member(request.member);
        };
    };
    CLI::App* const verb = add_verb(
        app, "init", "Make a member's folder and keys, or found a consortium from members' cards",
        "assay init --name oem --roles oem,node --dir oem\n"
        "  assay init --genesis oem/oem.card gw/gw.card --out genesis --origin fleet.example",
        choose);
    InitMemberOptions& member = request.member;
    CLI::Option* const name =
        verb->add_option("--name", member.name, "The member's name: a-z0-9.-");
    verb->add_option("--roles", member.roles, "oem, supplier, node, gateway, auditor")
        ->delimiter(',');
    verb->add_option("--dir", member.dir, "The folder to make (default: the name)");
    verb->add_option("--algorithm", member.algorithm, "ed25519 or ecdsa-p256")
        ->capture_default_str();
    verb->add_option("--contact", member.contact, "For the other members, e.g. a mail address");
    verb->add_option("--host", member.host, "Address the listeners bind")->capture_default_str();
    verb->add_option("--base-port", member.base_port, "First of four ports; 0: any free ones")
        ->capture_default_str();

    FoundOptions& founding = request.founding;
    CLI::Option* const genesis =
        verb->add_option("--genesis", founding.cards, "Found a consortium of these cards");
    genesis->check(CLI::ExistingFile)->excludes(name);
    verb->add_option("--out", founding.out, "Folder for the genesis files (default: this one)")->needs(genesis);
    verb->add_option("--origin", founding.origin, "Name of the ledgers, e.g. a domain")->capture_default_str();
    verb->add_option("--interval", founding.interval, "Time between blocks")->capture_default_str();
    verb->add_option("--heartbeat", founding.heartbeat, "Longest time without a block")
        ->capture_default_str();
    verb->add_option("--pow-limit", founding.pow_limit, "Easiest target, compact")
        ->capture_default_str();
    verb->add_flag("--retarget,!--no-retarget", founding.retarget, "Follow the hash rate");
}

void add_daemon_verbs(CLI::App& app, Request& request) {
    CLI::App* const key = add_group(app, "key", "Keys of this member");
    add_dir(*add_verb(*key, "list", "Show the public keys", "assay key list --dir oem",
                      [&request] { request.verb = [&] { return list_keys(request.folder); }; }),
            request.folder.dir);
    add_dir(*add_verb(app, "run", "Run the daemon in the foreground", "assay run --dir oem",
                      [&request] { request.verb = [&] { return run_daemon(request.folder); }; }),
            request.folder.dir);
    add_dir(*add_verb(app, "status", "Show how the running daemon is", "assay status --dir oem",
                      [&request] { request.verb = [&] { return show_status(request.folder); }; }),
            request.folder.dir);
}

void add_engine_verbs(CLI::App& app, Request& request) {
    CLI::App* const engines =
        app.add_subcommand("engines", "Find and test what this machine can hash and mine with");
    engines->fallthrough();
    engines->require_subcommand(0, 1);
    engines->footer("Example:\n  assay engines --explain\n  assay engines compile --out engines.bin");
    const auto list = [&request] {
        request.verb = [&request] { return list_engines(request.engines); };
    };
    const auto add_list_options = [&request](CLI::App& verb) {
        verb.add_option("--engine", request.engines.engine, "Only this one: cpu, opencl:0 ...");
        verb.add_option("--binary", request.engines.binary, "Use OpenCL programs compiled ahead")
            ->check(CLI::ExistingFile);
        verb.add_flag("--explain", request.engines.explain,
                      "Measure, and say what goes where and why");
    };
    engines->callback([engines, list] {
        if (engines->get_subcommands().empty()) list();
    });
    add_list_options(*engines);
    add_list_options(*add_verb(*engines, "list", "Find and test them; the same as without a verb",
                               "assay engines list --explain --json", list));
    CLI::App* const compile = add_verb(
        *engines, "compile", "Compile the OpenCL programs ahead, for [engines] binary",
        "assay engines compile --out engines.bin",
        [&request] { request.verb = [&] { return compile_engines(request.engine_binary); }; });
    compile->add_option("--out", request.engine_binary, "File to write")->required();
}

// What a release is made of.
void add_publish_options(CLI::App& verb, PublishOptions& publish) {
    verb.add_option("file", publish.file, "The image")->required()->check(CLI::ExistingFile);
    add_dir(verb, publish.dir);
    verb.add_option("--vendor", publish.vendor, "Domain name or UUID")->required();
    verb.add_option("--class", publish.device_class, "Hardware class: name or UUID")->required();
    verb.add_option("--component", publish.component, "What the image is of")->required();
    verb.add_option("--sequence", publish.sequence, "Number above all before it")
        ->required()
        ->check(above_zero());
    verb.add_option("--version", publish.version, "For people")->required();
    verb.add_option("--payload", publish.payload, "raw, swu, raucb, mender, suit, zck")
        ->capture_default_str();
    verb.add_option("--urgency", publish.urgency, "routine, recommended, urgent, emergency")
        ->capture_default_str();
    add_import_options(verb, publish.import);
    verb.add_option("--min-sequence", publish.min_sequence, "Rollback floor devices burn in");
    verb.add_option("--retain-years", publish.retain_years, "Keep the content available")
        ->capture_default_str();
}

void add_draft_verb(CLI::App& release, Request& request) {
    CLI::App* const draft = add_verb(
        release, "draft", "Write the release that several members are to sign, offline",
        "assay release draft fw.bin --dir oem --vendor acme.example --class edge-x64 \\\n"
        "      --component firmware --sequence 2 --version 1.1 \\\n"
        "      --signer oem --signer lab --out fw.draft",
        [&request] { request.verb = [&] { return draft_release(request.draft); }; });
    add_publish_options(*draft, request.draft.release);
    draft->add_option("--signer", request.draft.signers, "Members that sign (default: this one)");
    draft->add_option("--out", request.draft.out, "File to write")->required();
}

void add_release_bundle_verb(CLI::App& release, ReleaseBundleOptions& options, Request& request) {
    CLI::App* const verb = add_verb(
        release, "bundle", "Write a release into a folder on a medium, for devices without a gateway",
        "assay release bundle LEAF --out /media/usb/fw-7 --dir gw\n"
        "  assay release bundle --vendor acme.example --class edge-x64 --component firmware \\\n"
        "      --out /media/usb --dir gw",
        [&request] { request.verb = [&] { return write_release_bundle(request.release_bundle); }; });
    verb->add_option("leaf", options.leaf, "The release (default: the newest final one of these)");
    verb->add_option("--vendor", options.vendor, "Domain name or UUID");
    verb->add_option("--class", options.device_class, "Hardware class: name or UUID");
    verb->add_option("--component", options.component, "Component");
    verb->add_option("--out", options.out, "Folder to write")->required();
    verb->add_option("--epoch", options.epoch, "The oldest epoch that a device may know")
        ->capture_default_str();
    add_dir(*verb, options.dir);
}

void add_release_verbs(CLI::App& app, Request& request) {
    CLI::App* const release = add_group(app, "release", "Releases and who may sign them");
    CLI::App* const policy = add_group(*release, "policy", "Vendor policies");
    CLI::App* const set =
        add_verb(*policy, "set", "State who may release for a vendor; signed with the root key",
                 "assay release policy set --dir oem --vendor acme.example \\\n"
                 "      --delegate supplier.card:'modem,sensor-*' --wait",
                 [&request] { request.verb = [&] { return set_policy(request.policy); }; });
    add_dir(*set, request.policy.dir);
    set->add_option("--vendor", request.policy.vendor, "Domain name or UUID")->required();
    set->add_option("--version", request.policy.version, "Default: one more than on the ledger");
    set->add_option("--threshold", request.policy.threshold, "Signatures a release needs")
        ->capture_default_str();
    set->add_option("--release-key", request.policy.release_keys,
                    "Members that release, by name or card (default: this one)");
    set->add_option("--delegate", request.policy.delegations,
                    "MEMBER:COMPONENT[,COMPONENT...]; a trailing * matches any ending");
    set->add_option("--status-key", request.policy.status_keys,
                    "Members that state which release is current, by name or card");
    add_root_options(*set, request.policy.root);
    set->add_flag("--wait", request.policy.wait, "Return when it is final");

    CLI::App* const verb = add_verb(
        *release, "publish", "Import an image, sign its record, put it on the ledger",
        "assay release publish fw.bin --dir oem --vendor acme.example --class edge-x64 \\\n"
        "      --component firmware --sequence 1 --version 1.0 --wait",
        [&request] { request.verb = [&] { return publish_release(request.publish); }; });
    add_publish_options(*verb, request.publish);
    verb->add_flag("--wait", request.publish.wait, "Return when it is final");
    add_draft_verb(*release, request);

    CLI::App* const recall =
        add_verb(*release, "recall", "Withdraw a release; one signature suffices",
                 "assay release recall LEAF --reason vulnerable --safe-sequence 8 --dir oem --wait",
                 [&request] { request.verb = [&] { return recall_release(request.recall); }; });
    recall->add_option("leaf", request.recall.leaf, "The release: 64 hexadecimal digits")
        ->required();
    recall->add_option("--reason", request.recall.reason,
                       "withdrawn, vulnerable, key-compromise, wrong")
        ->capture_default_str();
    recall->add_option("--safe-sequence", request.recall.safe_sequence,
                       "The least sequence that is good");
    recall->add_flag("--force-forward", request.recall.force_forward,
                     "Devices should leave it at once");
    recall->add_flag("--wait", request.recall.wait, "Return when it is final");
    add_dir(*recall, request.recall.dir);

    CLI::App* const status =
        add_verb(*release, "status",
                 "State which release is the current one; signed with the tx key, a status key",
                 "assay release status LEAF --valid 14d --dir oem --wait",
                 [&request] { request.verb = [&] { return state_release(request.status); }; });
    status->add_option("leaf", request.status.leaf, "The release: 64 hexadecimal digits")
        ->required();
    status->add_option("--min-sequence", request.status.min_sequence,
                       "Rollback floor devices burn in (default: that of the status before)");
    status->add_option("--valid", request.status.valid, "How long devices may go by it")
        ->capture_default_str();
    status->add_flag("--wait", request.status.wait, "Return when it is final");
    add_dir(*status, request.status.dir);

    add_dir(*add_verb(*release, "list", "Show the releases on the ledger",
                      "assay release list --dir gw",
                      [&request] { request.verb = [&] { return list_releases(request.folder); }; }),
            request.folder.dir);
    add_release_bundle_verb(*release, request.release_bundle, request);
}

// For a member of which nothing is left but the root key.
void add_device_verbs(CLI::App& app, Request& request) {
    CLI::App* const device = add_group(app, "device", "Devices of a gateway");
    EnrolOptions& enrol = request.enrol;
    CLI::App* const verb =
        add_verb(*device, "enrol", "Issue a device its certificate and its anchor of trust",
                 "assay device enrol --dir gw --id dev-1 --csr dev-1/device.csr \\\n"
                 "      --vendor acme.example --out dev-1",
                 [&request] { request.verb = [&] { return enrol_device(request.enrol); }; });
    add_dir(*verb, enrol.dir);
    verb->add_option("--id", enrol.id, "Its serial; the name on its certificate")->required();
    verb->add_option("--csr", enrol.csr, "Its certificate request")
        ->required()
        ->check(CLI::ExistingFile);
    verb->add_option("--vendor", enrol.vendor, "Whose releases it takes")->required();
    verb->add_option("--out", enrol.out, "The device's folder")->required();
    verb->add_flag("--replace-key", enrol.replace_key, "Of a device that is enrolled with another");
    add_device_verbs(*device, request.rollout, request.verb);
    add_enrolment_verbs(*device, request.enrolment, request.verb);
    add_history_verb(*device, request.investigation, request.verb);
    add_dir(*add_verb(*device, "list", "Show the devices and how far they are",
                      "assay device list --dir gw",
                      [&request] { request.verb = [&] { return list_devices(request.folder); }; }),
            request.folder.dir);
}

// Those that want nothing but a ledger.
void add_ledger_views(CLI::App& ledger, Request& request) {
    struct View {
        const char* name;
        const char* about;
        Outcome (*show)(const MemberOptions&);
    };
    for (const View& view : {View{"members", "Show the members and the epoch in force", show_members},
                             View{"proposals", "Show every proposal and who approved it",
                                  show_proposals},
                             View{"events", "Show what the operator should know of", show_events}}) {
        CLI::App* const verb =
            add_verb(ledger, view.name, view.about,
                     std::string("assay ledger ") + view.name + " --dir oem",
                     [&request, show = view.show] {
                         request.verb = [&request, show] { return show(request.members.common); };
                     });
        verb->add_option("--ledger", request.members.common.ledger, "consortium or gateway")
            ->capture_default_str();
        add_dir(*verb, request.members.common.dir);
    }
}

void add_proof_verbs(CLI::App& ledger, Request& request) {
    CLI::App* const prove_verb =
        add_verb(ledger, "prove", "Write a proof that others can check offline",
                 "assay ledger prove LEAF --dir gw --out release.tlog-proof\n"
                 "  assay ledger prove --device 4711 --dir gw --out 4711.case",
                 [&request] { request.verb = [&] { return prove(request.prove); }; });
    CLI::Option* const leaf =
        prove_verb->add_option("leaf", request.prove.leaf, "Leaf hash: 64 hexadecimal digits");
    prove_verb
        ->add_option("--device", request.prove.device,
                     "Every receipt of this device instead, as a case file")
        ->excludes(leaf);
    prove_verb->add_option("--ledger", request.prove.ledger, "consortium or gateway")
        ->capture_default_str();
    prove_verb->add_option("--format", request.prove.format, "tlog-proof or device-proof")
        ->capture_default_str();
    prove_verb->add_option("--out", request.prove.out, "File to write");
    add_dir(*prove_verb, request.prove.dir);

    CLI::App* const policy =
        add_verb(ledger, "policy", "Write whom others should trust, as a tlog-policy",
                 "assay ledger policy --dir oem --out fleet.policy", [&request] {
                     request.verb = [&] { return write_log_policy(request.log_policy); };
                 });
    policy->add_option("--ledger", request.log_policy.ledger, "consortium or gateway")
        ->capture_default_str();
    policy->add_option("--out", request.log_policy.out, "File to write");
    add_dir(*policy, request.log_policy.dir);
}

void add_bundle_verbs(CLI::App& ledger, Request& request) {
    BundleOptions& options = request.bundle;
    CLI::App* const bundle = add_group(ledger, "bundle", "A ledger as a file, for sites without network");
    CLI::App* const write = add_verb(
        *bundle, "write", "Write blocks, certificates, the checkpoint and what waits into a file",
        "assay ledger bundle write --since 120 --out ledger.bundle --dir gw",
        [&request] { request.verb = [&] { return write_bundle(request.bundle); }; });
    write->add_option("--since", options.since, "Height of the first block")->capture_default_str();
    write->add_option("--out", options.file, "File to write")->required();
    CLI::App* const read =
        add_verb(*bundle, "read", "Take in such a file; all in it is checked as if members sent it",
                 "assay ledger bundle read ledger.bundle --dir gw",
                 [&request] { request.verb = [&] { return read_bundle(request.bundle); }; });
    read->add_option("file", options.file, "The bundle")->required()->check(CLI::ExistingFile);
    for (CLI::App* const verb : {write, read}) {
        verb->add_option("--ledger", options.ledger, "consortium or gateway")->capture_default_str();
        add_dir(*verb, options.dir);
    }
}

void add_ledger_verbs(CLI::App& app, Request& request) {
    CLI::App* const ledger = add_group(app, "ledger", "Both ledgers, as the daemon has them");
    add_dir(*add_verb(*ledger, "status", "Show height, tip and what is final",
                      "assay ledger status --dir oem",
                      [&request] { request.verb = [&] { return show_ledgers(request.folder); }; }),
            request.folder.dir);
    CLI::App* const block =
        add_verb(*ledger, "block", "Show one block", "assay ledger block 3 --dir oem",
                 [&request] { request.verb = [&] { return show_block(request.block); }; });
    block->add_option("height", request.block.height, "Its height")->required();
    block->add_option("--ledger", request.block.ledger, "consortium or gateway")
        ->capture_default_str();
    add_dir(*block, request.block.dir);
    TransactionOptions& transaction = request.transaction;
    CLI::App* const tx =
        add_verb(*ledger, "tx", "Show one transaction and whether it is final",
                 "assay ledger tx LEAF --dir oem",
                 [&request] { request.verb = [&] { return show_transaction(request.transaction); }; });
    tx->add_option("id", transaction.id, "Leaf hash or txid: 64 hexadecimal digits")->required();
    tx->add_option("--ledger", transaction.ledger, "consortium or gateway")->capture_default_str();
    add_dir(*tx, transaction.dir);
    add_ledger_views(*ledger, request);
    add_bundle_verbs(*ledger, request);
    add_proof_verbs(*ledger, request);
}

// What was wrong, and whose --help says what is right: that of the verb or group that was reached.
Outcome usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App* reached = &app;
    std::string path = app.get_name();
    for (auto next = reached->get_subcommands(); !next.empty(); next = reached->get_subcommands()) {
        reached = next.front();
        path += " " + reached->get_name();
    }
    std::string what = error.what();
    // CLI11 says only that a verb is missing, also when one was given that does not exist.
    const auto strange = app.remaining(true);
    if (reached->get_require_subcommand_min() > 0 && !strange.empty()) {
        what = "there is no verb \"" + strange.front() + "\"";
    }
    return give_up(ExitCode::kUsage, std::move(what), "See `" + path + " --help`.");
}

}  // namespace

int run(int argc, const char* const* argv) {
    Request request;
    CLI::App app{"Proves what a firmware release is before any device runs it.", "assay"};
    app.add_flag("--json", request.json, "Answer in JSON, errors included");
    app.set_version_flag("--version", std::string("assay ") + ASSAY_VERSION);
    app.require_subcommand(1);
    app.footer("Each verb has its own --help with an example.");
    add_init(app, request);
    add_daemon_verbs(app, request);
    add_engine_verbs(app, request);
    add_release_verbs(app, request);
    add_member_verbs(app, request.members, request.verb);
    add_draft_verbs(app, request.drafts, request.verb);
    add_image_verbs(app, request.image, request.verb);
    add_device_verbs(app, request);
    add_rollout_verbs(app, request.rollout, request.verb);
    add_ledger_verbs(app, request);
    add_investigation_verbs(app, request.investigation, request.verb);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        // Where parsing broke off it may not have come to the flag.
        const bool as_json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
        return print(usage_error(app, error), as_json);
    }
    if (request.member.dir.empty()) request.member.dir = request.member.name;
    try {
        return print(request.verb(), request.json);
    } catch (const std::exception& error) {  // such as an answer of another version's daemon
        return print(give_up(ExitCode::kFailure, error.what()), request.json);
    }
}

}  // namespace assay::gateway::cli
