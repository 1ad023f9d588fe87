#include "gateway/cli/enrolment_verbs.hpp"

#include "gateway/cli/cli11_support.hpp"

namespace assay::gateway::cli {

void add_enrolment_verbs(CLI::App& device,
                         EnrolmentRequest& request,
                         std::function<Outcome()>& chosen) {
    TokenOptions& token = request.token;
    CLI::App* const make = add_verb(
        device, "token", "Make single-use tokens for blank devices",
        "assay device token --count 100 --vendor acme.example --class edge-x64 --expires 8h --dir gw",
        [&request, &chosen] { chosen = [&request] { return make_tokens(request.token); }; });
    make->add_option("--count", token.count, "How many")->capture_default_str();
    make->add_option("--vendor", token.vendor, "Whose releases the devices take")->required();
    make->add_option("--class", token.device_class, "Their hardware class")->required();
    make->add_option("--expires", token.expires, "How long they are good")->capture_default_str();
    make->add_option("--out", token.out, "File for them, one a line (default: print them)");
    add_dir(*make, token.dir);

    StandingOptions& standing = request.standing;
    CLI::App* const accept =
        add_verb(device, "accept", "Let a device in that asked without a token, or was blocked",
                 "assay device accept dev-1 --dir gw", [&request, &chosen] {
                     chosen = [&request] { return accept_device(request.standing); };
                 });
    CLI::App* const refuse = add_verb(
        device, "refuse", "Refuse a device that asked without a token, with the key that it showed",
        "assay device refuse dev-1 --dir gw",
        [&request, &chosen] { chosen = [&request] { return refuse_device(request.standing); }; });
    CLI::App* const block =
        add_verb(device, "block", "Answer a device nothing any more, from now on",
                 "assay device block dev-1 --dir gw", [&request, &chosen] {
                     chosen = [&request] { return block_device(request.standing); };
                 });
    for (CLI::App* const verb : {accept, refuse, block}) {
        verb->add_option("id", standing.id, "Its serial")->required();
        add_dir(*verb, standing.dir);
    }

    CLI::App* const report = add_verb(
        device, "report", "One line for each serial: what it is, who let it in, what it runs",
        "assay device report --csv --dir gw > line-4.csv",
        [&request, &chosen] { chosen = [&request] { return report_devices(request.report); }; });
    report->add_flag("--csv", request.report.csv, "Comma-separated values (RFC 4180)");
    add_dir(*report, request.report.dir);
}

}  // namespace assay::gateway::cli
