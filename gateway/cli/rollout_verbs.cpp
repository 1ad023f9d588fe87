#include "gateway/cli/rollout_verbs.hpp"

#include "gateway/cli/cli11_support.hpp"

namespace assay::gateway::cli {
namespace {

void add_plan_options(CLI::App& verb, RolloutOptions& rollout) {
    verb.add_option("id", rollout.id, "The rollout's name: a-z0-9.-")->required();
    verb.add_option("--site", rollout.sites, "Only devices of these sites")->delimiter(',');
    verb.add_option("--tag", rollout.tags, "Only devices with all of these tags")->delimiter(',');
    verb.add_option("--version", rollout.versions, "Only devices that run one of these");
    verb.add_option("--device", rollout.devices, "Only these devices")->delimiter(',');
    verb.add_option("--phase", rollout.phases,
                    "PERCENT[,success=PERCENT][,soak=TIME][,gate]; several, growing (default: 100%)");
    verb.add_option("--abort", rollout.abort_percent, "Stop when so many percent failed; 0: never")
        ->capture_default_str();
    verb.add_option("--abort-after", rollout.abort_finished_min, "...but not before so many are done or failed")
        ->capture_default_str();
    verb.add_option("--begin", rollout.begin, "Not before, e.g. 2027-03-01T22:00:00+01:00");
    verb.add_option("--end", rollout.end, "Nobody begins after, e.g. 2027-03-08T05:00:00+01:00");
    verb.add_option("--window", rollout.windows, "When to begin, e.g. \"mon-fri 22:00-05:00\"");
    verb.add_option("--zone", rollout.zone, "Of the windows, e.g. Europe/Berlin")->capture_default_str();
    verb.add_option("--priority", rollout.priority, "Higher goes first among equally urgent ones")
        ->capture_default_str();
    verb.add_option("--under-way-max", rollout.under_way_max, "Devices at a time; 0: any number")
        ->capture_default_str();
    verb.add_option("--deadline-waiting", rollout.deadline_waiting, "Waited for and not seen so long: failed");
    verb.add_option("--deadline-offered", rollout.deadline_offered, "Offered so long: failed");
    verb.add_option("--deadline-verified", rollout.deadline_verified, "Downloading so long: failed");
    verb.add_option("--deadline-installed", rollout.deadline_installed, "Installed so long: failed");
    add_dir(verb, rollout.dir);
}

void add_rollout_actions(CLI::App& group, RolloutRequest& request, std::function<Outcome()>& verb_chosen) {
    RolloutActionOptions& action = request.action;
    CLI::App* const show =
        add_verb(group, "show", "Show one rollout, and who failed", "assay rollout show spring --dir gw",
                 [&request, &verb_chosen] { verb_chosen = [&request] { return show_rollout(request.action); }; });
    show->add_option("id", action.id, "Its name")->required();
    add_dir(*show, action.dir);
    CLI::App* const remove = add_verb(
        group, "delete", "Forget a rollout that is done or aborted; its release stays with rollouts",
        "assay rollout delete spring --dir gw",
        [&request, &verb_chosen] { verb_chosen = [&request] { return delete_rollout(request.action); }; });
    remove->add_option("id", action.id, "Its name")->required();
    add_dir(*remove, action.dir);
    const std::pair<const char*, const char*> actions[] = {
        {"pause", "Begin no more updates; those that began go on"},
        {"resume", "Go on with a paused rollout"},
        {"abort", "Stop for good, downloads under way included"},
        {"approve", "Open the gate at which a rollout waits"},
        {"advance", "Open the next phase now, whatever this one waits for; after the last: done"}};
    for (const auto& [name, about] : actions) {
        CLI::App* const verb = add_verb(
            group, name, about, std::string("assay rollout ") + name + " spring --dir gw",
            [&request, &verb_chosen, word = std::string(name)] {
                request.action.action = word;
                verb_chosen = [&request] { return change_rollout(request.action); };
            });
        verb->add_option("id", action.id, "Its name")->required();
        add_dir(*verb, action.dir);
    }
}

}  // namespace

void add_device_verbs(CLI::App& device, RolloutRequest& request, std::function<Outcome()>& verb_chosen) {
    LabelOptions& label = request.label;
    CLI::App* const verb =
        add_verb(device, "label", "Say where a device is and what it is like, for rollouts",
                 "assay device label dev-1 --site hamburg --tag canary --tag indoor --dir gw",
                 [&request, &verb_chosen] { verb_chosen = [&request] { return label_device(request.label); }; });
    verb->add_option("id", label.id, "The device")->required();
    verb->add_option("--site", label.site, "Its site; \"\" for none");
    verb->add_option("--tag", label.tags, "Its tags, in place of those it had");
    add_dir(*verb, label.dir);
    CLI::App* const retry =
        add_verb(device, "retry", "Offer a device again at once what failed on it, also after given-up",
                 "assay device retry dev-1 --dir gw",
                 [&request, &verb_chosen] { verb_chosen = [&request] { return retry_device(request.retry); }; });
    retry->add_option("id", request.retry.id, "The device")->required();
    add_dir(*retry, request.retry.dir);
}

void add_rollout_verbs(CLI::App& app, RolloutRequest& request, std::function<Outcome()>& verb_chosen) {
    CLI::App* const group = add_group(app, "rollout", "Who gets a release, and when");
    CLI::App* const create = add_verb(
        *group, "create", "Give a release to devices phase by phase",
        "assay rollout create spring --release LEAF --phase 1%,soak=24h,gate --phase 25% \\\n"
        "      --phase 100% --abort 5 --site hamburg --window \"daily 22:00-05:00\" --zone Europe/Berlin",
        [&request, &verb_chosen] { verb_chosen = [&request] { return create_rollout(request.plan); }; });
    create->add_option("--release", request.plan.release, "Its leaf hash")->required();
    add_plan_options(*create, request.plan);
    CLI::App* const dry_run = add_verb(
        *group, "dry-run", "Show who would get it, and why not",
        "assay rollout dry-run spring --release LEAF --phase 1% --phase 100% --site hamburg\n"
        "  assay rollout dry-run spring            # one that exists, as of now",
        [&request, &verb_chosen] { verb_chosen = [&request] { return try_rollout(request.plan); }; });
    dry_run->add_option("--release", request.plan.release, "Leaf hash; none: of the rollout that exists");
    add_plan_options(*dry_run, request.plan);
    add_dir(*add_verb(*group, "list", "Show all rollouts", "assay rollout list --dir gw",
                      [&request, &verb_chosen] { verb_chosen = [&request] { return list_rollouts(request.list); }; }),
            request.list.dir);
    add_rollout_actions(*group, request, verb_chosen);
}

}  // namespace assay::gateway::cli
