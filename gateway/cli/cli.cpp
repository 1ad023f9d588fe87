#include "gateway/cli/cli.hpp"

#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>

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
    ImageAddOptions image;
    EnrolOptions enrol;
    BlockOptions block;
    ProveOptions prove;
    VerifyOptions verify;
    std::function<Outcome()> verb;
};

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& about) {
    CLI::App* const group = parent.add_subcommand(name, about);
    group->require_subcommand(1);
    group->fallthrough();
    return group;
}

CLI::App* add_verb(CLI::App& parent,
                   const std::string& name,
                   const std::string& about,
                   const std::string& example,
                   std::function<void()> chosen) {
    CLI::App* const verb = parent.add_subcommand(name, about);
    verb->footer("Example:\n  " + example);
    verb->fallthrough();  // --json may stand anywhere
    verb->callback(std::move(chosen));
    return verb;
}

void add_dir(CLI::App& verb, std::filesystem::path& dir) {
    verb.add_option("--dir", dir, "The member's folder")->capture_default_str();
}

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
    verb->add_option("--out", founding.out, "Folder for the genesis files")->needs(genesis);
    verb->add_option("--origin", founding.origin, "Name of the logs")->capture_default_str();
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
    engines->footer("Example:\n  assay engines --explain\n  assay engines compile --out FILE");
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
    set->add_flag("--wait", request.policy.wait, "Return when it is final");

    PublishOptions& publish = request.publish;
    CLI::App* const verb = add_verb(
        *release, "publish", "Import an image, sign its record, put it on the ledger",
        "assay release publish fw.bin --dir oem --vendor acme.example --class edge-x64 \\\n"
        "      --component firmware --sequence 1 --version 1.0 --wait",
        [&request] { request.verb = [&] { return publish_release(request.publish); }; });
    verb->add_option("file", publish.file, "The image")->required()->check(CLI::ExistingFile);
    add_dir(*verb, publish.dir);
    verb->add_option("--vendor", publish.vendor, "Domain name or UUID")->required();
    verb->add_option("--class", publish.device_class, "Hardware class: name or UUID")->required();
    verb->add_option("--component", publish.component, "What the image is of")->required();
    verb->add_option("--sequence", publish.sequence, "Number above all before it")
        ->required()
        ->check(CLI::PositiveNumber);
    verb->add_option("--version", publish.version, "For people")->required();
    verb->add_option("--payload", publish.payload, "raw, swu, raucb, mender, suit, zck")
        ->capture_default_str();
    verb->add_option("--urgency", publish.urgency, "routine, recommended, urgent, emergency")
        ->capture_default_str();
    verb->add_option("--profile", publish.profile, "Import profile")->capture_default_str();
    verb->add_option("--min-sequence", publish.min_sequence, "Rollback floor devices burn in");
    verb->add_option("--retain-years", publish.retain_years, "Keep the content available")
        ->capture_default_str();
    verb->add_flag("--wait", publish.wait, "Return when it is final");

    add_dir(*add_verb(*release, "list", "Show the releases on the ledger",
                      "assay release list --dir gw",
                      [&request] { request.verb = [&] { return list_releases(request.folder); }; }),
            request.folder.dir);
}

void add_content_verbs(CLI::App& app, Request& request) {
    CLI::App* const image = add_group(app, "image", "The content store");
    CLI::App* const add =
        add_verb(*image, "add", "Import a file as IPFS blocks", "assay image add fw.bin --dir oem",
                 [&request] { request.verb = [&] { return add_image(request.image); }; });
    add->add_option("file", request.image.file, "The image")->required()->check(CLI::ExistingFile);
    add_dir(*add, request.image.dir);
    add->add_option("--profile", request.image.profile, "Import profile")->capture_default_str();
    add_dir(
        *add_verb(*image, "ls", "List the images that are here whole", "assay image ls --dir gw",
                  [&request] { request.verb = [&] { return list_images(request.folder); }; }),
        request.folder.dir);
}

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
    add_dir(*add_verb(*device, "list", "Show the devices and how far they are",
                      "assay device list --dir gw",
                      [&request] { request.verb = [&] { return list_devices(request.folder); }; }),
            request.folder.dir);
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
    CLI::App* const prove_verb =
        add_verb(*ledger, "prove", "Write a proof that others can check offline",
                 "assay ledger prove LEAF --dir gw --out release.proof",
                 [&request] { request.verb = [&] { return prove(request.prove); }; });
    prove_verb->add_option("leaf", request.prove.leaf, "Leaf hash: 64 hexadecimal digits")
        ->required();
    prove_verb->add_option("--ledger", request.prove.ledger, "consortium or gateway")
        ->capture_default_str();
    prove_verb->add_option("--format", request.prove.format, "device-proof or tlog-proof")
        ->capture_default_str();
    prove_verb->add_option("--out", request.prove.out, "File to write");
    add_dir(*prove_verb, request.prove.dir);

    CLI::App* const verify = add_verb(
        app, "verify", "Check a device proof offline, by an anchor you have from elsewhere",
        "assay verify release.proof --anchor anchor.cbor",
        [&request] { request.verb = [&] { return verify_proof(request.verify); }; });
    verify->add_option("file", request.verify.file, "The proof")
        ->required()
        ->check(CLI::ExistingFile);
    verify->add_option("--anchor", request.verify.anchor, "The anchor of trust")
        ->required()
        ->check(CLI::ExistingFile);
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
    add_content_verbs(app, request);
    add_device_verbs(app, request);
    add_ledger_verbs(app, request);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int status = app.exit(error);
        return status == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
    }
    if (request.member.dir.empty()) request.member.dir = request.member.name;
    try {
        return print(request.verb(), request.json);
    } catch (const std::exception& error) {  // such as an answer of another version's daemon
        return print(give_up(ExitCode::kFailure, error.what()), request.json);
    }
}

}  // namespace assay::gateway::cli
