#include "gateway/cli/investigation_verbs.hpp"

#include "gateway/cli/cli11_support.hpp"

namespace assay::gateway::cli {

void add_history_verb(CLI::App& device,
                      InvestigationRequest& request,
                      std::function<Outcome()>& verb_chosen) {
    CLI::App* const verb =
        add_verb(device, "history", "Show what this gateway knows of a device, in order",
                 "assay device history 4711 --dir gw", [&request, &verb_chosen] {
                     verb_chosen = [&request] { return show_history(request.history); };
                 });
    verb->add_option("id", request.history.id, "Its serial")->required();
    add_dir(*verb, request.history.dir);
}

void add_investigation_verbs(CLI::App& app,
                             InvestigationRequest& request,
                             std::function<Outcome()>& verb_chosen) {
    ExportOptions& exported = request.exported;
    CLI::App* const write = add_verb(
        app, "export", "Write a case file: what was released, offered and answered, with its proofs",
        "assay export --device 4711 --dir gw --out 4711.case\n"
        "  assay export --release LEAF --from 2026-11-17 --to 2026-11-18T12:00:00Z --out fw.case",
        [&request, &verb_chosen] {
            verb_chosen = [&request] { return export_case(request.exported); };
        });
    write->add_option("--device", exported.device, "About this device alone");
    write->add_option("--release", exported.release, "About this release alone: its leaf hash");
    write->add_option("--from", exported.from,
                      "What the gateway received from then on: DATE, DATETtimeZ (UTC), or seconds");
    write->add_option("--to", exported.to, "And until then; a DATE is meant with its whole day");
    write->add_option("--out", exported.out, "File to write")->required();
    add_dir(*write, exported.dir);

    VerifyOptions& verify = request.verify;
    CLI::App* const check = add_verb(
        app, "verify", "Check a proof offline, by a policy or an anchor that you have from elsewhere",
        "assay verify 4711.case --policy fleet.policy --policy gateways.policy\n"
        "  assay verify 4711.case 4711-at-gateway-2.case --policy fleet.policy --policy gateways.policy\n"
        "  assay verify release.tlog-proof --policy fleet.policy\n"
        "  assay verify release.proof --anchor anchor.cbor",
        [&request, &verb_chosen] {
            verb_chosen = [&request] { return verify_proof(request.verify); };
        });
    check->add_option("file", verify.file, "The proof")->required()->check(CLI::ExistingFile);
    check->add_option("more", verify.more_files, "More case files, to be taken together with it")
        ->check(CLI::ExistingFile);
    check
        ->add_option("--policy", verify.policies,
                     "tlog-policy, for a tlog-proof; one for each ledger, for a case file")
        ->check(CLI::ExistingFile);
    check->add_option("--leaf", verify.leaf, "What the tlog-proof must be about");
    check->add_option("--anchor", verify.anchor, "Anchor of trust, for a device proof")
        ->check(CLI::ExistingFile);
}

}  // namespace assay::gateway::cli
