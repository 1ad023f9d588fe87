// Rollouts on running daemons: what operators say by verbs, what devices get of it, over a restart.

#include <future>

#include <gtest/gtest.h>

#include "gateway/cli/enrolment_verbs.hpp"
#include "tests/integration/gateway/daemons.hpp"

namespace assay::gateway {
namespace {

using test::Consortium;
using test::eventually;
using test::TestDevice;

class RolloutPath : public testing::Test {
  protected:
    void SetUp() override {
        world_.set_policy();
        image_.resize(3'000'000, std::byte{7});
        leaf_ = world_.publish(image_, 1);
        ASSERT_TRUE(eventually([&] { return world_.stage(leaf_) == "ready"; }));
    }
    cli::RolloutOptions plan(const std::string& id) const {
        cli::RolloutOptions options;
        options.dir = world_.gw.folder().dir();
        options.id = id;
        options.release = leaf_;
        return options;
    }
    cli::Outcome act(const std::string& id, const std::string& action) const {
        cli::RolloutActionOptions options;
        options.dir = world_.gw.folder().dir();
        options.id = id;
        options.action = action;
        return cli::change_rollout(options);
    }
    boost::json::object show(const std::string& id) const { return world_.gw.get("/v1/rollouts/" + id); }
    std::string image_path() const { return "/agent/v1/releases/" + leaf_ + "/image"; }
    void label(const std::string& id, const std::string& site) const {
        cli::LabelOptions options;
        options.dir = world_.gw.folder().dir();
        options.id = id;
        options.site = site;
        options.tags = {"canary"};
        const auto labelled = cli::label_device(options);
        ASSERT_TRUE(labelled) << labelled.error().message;
    }

    Consortium world_;
    Bytes image_;
    std::string leaf_;
};

TEST_F(RolloutPath, GoesPhaseByPhaseThroughAGateAndARestart) {
    std::vector<std::unique_ptr<TestDevice>> devices;
    for (int i = 0; i < 4; ++i) {
        devices.push_back(std::make_unique<TestDevice>(world_, "device-" + std::to_string(i)));
        label("device-" + std::to_string(i), i == 3 ? "kiel" : "hamburg");
    }
    cli::RolloutOptions spring = plan("spring");
    spring.sites = {"hamburg"};
    spring.tags = {"canary"};
    spring.phases = {"10%,success=100,gate", "100%"};
    spring.end = "2020-01-01T00:00:00Z";
    EXPECT_FALSE(cli::create_rollout(spring)) << "its end is past";
    spring.begin = "2020-01-01T00:00:00Z";
    spring.end = "2099-01-01T01:00:00+01:00";
    spring.deadline_waiting = "30d";
    const auto tried = cli::try_rollout(spring);
    ASSERT_TRUE(tried) << tried.error().message;
    EXPECT_NE(tried->text.find("ends 2099-01-01T00:00:00Z"), std::string::npos) << tried->text;
    EXPECT_EQ(tried->json.at("verdicts").at("not-reported"), 3);
    EXPECT_EQ(tried->json.at("verdicts").at("other-site"), 1);
    const auto created = cli::create_rollout(spring);
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_NE(created->text.find("begins 2020-01-01T00:00:00Z"), std::string::npos) << created->text;
    EXPECT_EQ(show("spring").at("end"), "2099-01-01T00:00:00Z");
    EXPECT_EQ(show("spring").at("plan").at("deadlines").at("waiting_s"), 30 * 24 * 3600);
    EXPECT_EQ(show("spring").at("devices").at("given_up"), 0);
    EXPECT_TRUE(cli::create_rollout(spring)) << "the same again";
    spring.priority = 1;
    EXPECT_FALSE(cli::create_rollout(spring)) << "another under its name";

    const auto offered = [&] {
        std::vector<std::size_t> out;
        for (std::size_t i = 0; i < devices.size(); ++i) {
            if (devices[i]->poll().assignment) out.push_back(i);
        }
        return out;
    };
    EXPECT_TRUE(offered().size() <= 1);  // reports who they are
    ASSERT_TRUE(eventually([&] { return offered().size() == 1; }));
    const std::size_t first = offered().at(0);
    ASSERT_LT(first, 3U);
    EXPECT_EQ(devices[first]->request("GET", image_path()).body, image_);
    EXPECT_EQ(devices[(first + 1) % 3]->request("GET", image_path()).status, 404U) << "not its turn";
    const auto early = act("spring", "approve");
    ASSERT_FALSE(early);
    EXPECT_NE(early.error().message.find("rollout show"), std::string::npos) << early.error().message;

    const auto answer = devices[first]->poll();
    const Bytes confirmed = devices[first]->receipt(*answer.assignment, ledger::ReceiptEvent::kConfirmed, 1);
    EXPECT_EQ(devices[first]->post(confirmed).status, 200U);
    ASSERT_TRUE(eventually([&] { return show("spring").at("waits_at_gate").as_bool(); }));
    EXPECT_EQ(show("spring").at("next").as_string(), "assay rollout approve spring");
    world_.gw.stop();
    world_.start_gateway();
    ASSERT_TRUE(eventually([&] { return world_.stage(leaf_) == "ready"; }));
    ASSERT_TRUE(eventually([&] { return show("spring").at("waits_at_gate").as_bool(); }));
    EXPECT_TRUE(offered().empty()) << "the gate is closed";
    ASSERT_TRUE(act("spring", "approve"));
    ASSERT_TRUE(eventually([&] { return offered().size() == 2; }));
    EXPECT_FALSE(devices[3]->poll().assignment) << "another site";

    const auto leaf = hash_from_hex<ledger::LeafHash>(leaf_);
    const auto& waiting = devices[(first + 1) % 3];  // for its restart window
    EXPECT_FALSE(waiting->poll(0, leaf).withdrawn);
    ASSERT_TRUE(act("spring", "abort"));
    EXPECT_TRUE(offered().empty());
    EXPECT_EQ(waiting->poll(0, leaf).withdrawn, leaf);
    EXPECT_FALSE(waiting->poll().withdrawn) << "not to who does not ask, or is too old to";
    EXPECT_EQ(devices[(first + 1) % 3]->request("GET", image_path()).status, 404U);
    EXPECT_FALSE(act("spring", "resume"));
    const auto listed = world_.gw.get("/v1/rollouts");
    EXPECT_EQ(listed.at("rollouts").as_array().at(0).at("stage").as_string(), "aborted");
}

std::string idle_poll() {
    protocol::PollRequest poll;
    poll.vendor = ledger::vendor_id_of(Consortium::kVendor);
    poll.device_class = ledger::class_id_of(poll.vendor, Consortium::kClass);
    poll.component = Consortium::kComponent;
    poll.state = "idle";
    return protocol::to_json(poll);
}

TEST_F(RolloutPath, AWaitingDeviceIsWoken) {
    TestDevice device(world_, "device-1");
    cli::RolloutOptions other = plan("other");
    other.devices = {"somebody-else"};
    ASSERT_TRUE(cli::create_rollout(other));
    EXPECT_FALSE(device.poll().assignment);
    auto waiting = std::async(std::launch::async, [&] {
        return device.request("POST", "/agent/v1/poll?wait_ms=60000", as_bytes(idle_poll()));
    });
    EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(500)), std::future_status::timeout)
        << "there is nothing for it yet";
    cli::RolloutOptions spring = plan("spring");
    ASSERT_TRUE(cli::create_rollout(spring));
    const auto began = std::chrono::steady_clock::now();
    const auto answer = protocol::parse_poll_answer(waiting.get().text());
    ASSERT_TRUE(answer && answer->assignment);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(55)) << "woken, not timed out";
    EXPECT_EQ(to_hex(answer->assignment->release.view()), leaf_);
}

TEST_F(RolloutPath, ANewerPollOfADeviceEndsThoseThatWait) {
    TestDevice device(world_, "device-1");
    cli::RolloutOptions other = plan("other");
    other.devices = {"somebody-else"};
    ASSERT_TRUE(cli::create_rollout(other));
    const auto began = std::chrono::steady_clock::now();
    auto waiting = std::async(std::launch::async, [&] {
        return device.request("POST", "/agent/v1/poll?wait_ms=60000", as_bytes(idle_poll()));
    });
    ASSERT_TRUE(eventually([&] {
        const auto newer = device.request_apart("POST", protocol::kPollPath, as_bytes(idle_poll()));
        EXPECT_EQ(newer.status, 200U);
        return waiting.wait_for(std::chrono::milliseconds(100)) == std::future_status::ready;
    }));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(55)) << "ended, not timed out";
    const auto answer = protocol::parse_poll_answer(waiting.get().text());
    ASSERT_TRUE(answer);
    EXPECT_GE(answer->sleep_ms, 1'000U) << "two agents with one key are not to end each other's polls at once";
}

TEST_F(RolloutPath, ARecalledReleaseIsNamedAndTakesNoRolloutMore) {
    TestDevice device(world_, "device-1");
    ASSERT_TRUE(cli::create_rollout(plan("spring")));
    ASSERT_TRUE(eventually([&] { return device.poll().assignment.has_value(); }));
    cli::RecallOptions recall;
    recall.dir = world_.oem.folder().dir();
    recall.leaf = leaf_;
    recall.wait = true;
    ASSERT_TRUE(cli::recall_release(recall));
    ASSERT_TRUE(eventually([&] { return world_.stage(leaf_) == "refused"; }));
    const auto is_named = [&] {
        const auto shown = show("spring");
        const auto* const reason = shown.if_contains("reason");
        return reason != nullptr && reason->as_string() == "the release is refused: release-recalled";
    };
    ASSERT_TRUE(eventually(is_named));
    EXPECT_EQ(show("spring").at("stage").as_string(), "aborted");
    const auto refused = cli::create_rollout(plan("autumn"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().word, "release-recalled");
    EXPECT_TRUE(cli::create_rollout(plan("spring"))) << "it is there already";
    cli::RolloutOptions existing = plan("spring");
    existing.release.clear();
    for (const cli::RolloutOptions& dry : {plan("autumn"), existing}) {
        const auto tried = cli::try_rollout(dry);
        ASSERT_TRUE(tried) << tried.error().message;
        EXPECT_EQ(tried->json.at("verdicts").at("recalled"), 1);
    }
    world_.gw.stop();
    world_.start_gateway();
    ASSERT_TRUE(eventually([&] { return world_.stage(leaf_) == "refused"; }));
    EXPECT_TRUE(is_named());
}

TEST_F(RolloutPath, AFallbackIsSeenAndNobodyWaitsForABlockedDevice) {
    TestDevice one(world_, "device-1"), two(world_, "device-2");
    static_cast<void>(one.poll());  // say who they are
    static_cast<void>(two.poll());
    cli::RolloutOptions spring = plan("spring");
    spring.phases = {"100%,success=100"};
    spring.abort_percent = 0;
    ASSERT_TRUE(cli::create_rollout(spring));
    std::optional<protocol::Assignment> given;
    ASSERT_TRUE(eventually([&] {
        given = one.poll().assignment;
        return given.has_value();
    }));
    const Bytes confirmed = one.receipt(*given, ledger::ReceiptEvent::kConfirmed, 1);
    ASSERT_EQ(one.post(confirmed).status, 200U);
    EXPECT_EQ(show("spring").at("stage").as_string(), "running");
    ASSERT_TRUE(cli::block_device({world_.gw.folder().dir(), "device-2"}));
    ASSERT_TRUE(eventually([&] { return show("spring").at("stage").as_string() == "done"; }));

    const auto device = [&] { return world_.gw.get("/v1/devices").at("devices").as_array().at(0).as_object(); };
    EXPECT_EQ(device().at("confirmed_sequence"), 1);
    ASSERT_EQ(one.post(one.receipt(*given, ledger::ReceiptEvent::kRolledBack, 2)).status, 200U);
    ASSERT_EQ(one.post(confirmed).status, 200U) << "sent again";
    EXPECT_EQ(show("spring").at("devices").at("failed"), 1);
    EXPECT_EQ(device().at("confirmed_sequence"), 0);
    EXPECT_EQ(device().at("assignment").as_string(), "held-back") << "and then it is offered it again";
}

TEST_F(RolloutPath, TheOperatorRetriesADeviceOpensAPhaseAndForgetsARollout) {
    TestDevice one(world_, "device-1"), two(world_, "device-2");
    cli::RolloutOptions spring = plan("spring");
    spring.phases = {"50%,success=100,gate", "100%"};
    spring.abort_percent = 0;
    spring.sites = {"nowhere"};
    const auto warned = cli::try_rollout(spring);
    ASSERT_TRUE(warned) << warned.error().message;
    EXPECT_NE(warned->text.find("Warning: no device is at the site nowhere"), std::string::npos) << warned->text;
    spring.sites.clear();
    static_cast<void>(one.poll());  // say who they are
    static_cast<void>(two.poll());
    const auto created = cli::create_rollout(spring);
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_TRUE(created->json.at("warnings").as_array().empty());
    std::optional<protocol::Assignment> given;
    TestDevice* first = nullptr;
    ASSERT_TRUE(eventually([&] {
        for (TestDevice* const device : {&one, &two}) {
            given = device->poll().assignment;
            first = device;
            if (given) return true;
        }
        return false;
    }));
    TestDevice& second = first == &one ? two : one;
    const Bytes failed = first->receipt(*given, ledger::ReceiptEvent::kFailed, 1);
    ASSERT_EQ(first->post(failed).status, 200U);
    EXPECT_FALSE(first->poll().assignment) << "held back";
    cli::RetryOptions retry;
    retry.dir = world_.gw.folder().dir();
    retry.id = first == &one ? "device-1" : "device-2";
    auto waiting = std::async(std::launch::async, [&] { return first->poll(0, {}, 25'000); });
    const auto retried = cli::retry_device(retry);
    ASSERT_TRUE(retried) << retried.error().message;
    EXPECT_EQ(retried->text, retry.id + ": assigned\n");
    EXPECT_TRUE(waiting.get().assignment) << "at once, long before its pause is over";
    const auto shown = cli::show_rollout({world_.gw.folder().dir(), "spring", ""});
    EXPECT_NE(shown->text.find("(1 again)"), std::string::npos) << shown->text;
    EXPECT_NE(shown->text.find("Waits for: 1 more of 1 devices to confirm"), std::string::npos) << shown->text;
    retry.id = "nobody";
    EXPECT_FALSE(cli::retry_device(retry));

    EXPECT_FALSE(second.poll().assignment);
    ASSERT_TRUE(act("spring", "advance"));
    EXPECT_TRUE(second.poll().assignment) << "without a goal and a gate";
    cli::RolloutActionOptions deletion{world_.gw.folder().dir(), "spring", ""};
    const auto early = cli::delete_rollout(deletion);
    ASSERT_FALSE(early);
    EXPECT_NE(early.error().message.find("abort it first"), std::string::npos) << early.error().message;
    ASSERT_TRUE(act("spring", "abort"));
    const auto deleted = cli::delete_rollout(deletion);
    ASSERT_TRUE(deleted) << deleted.error().message;
    EXPECT_TRUE(world_.gw.get("/v1/rollouts").at("rollouts").as_array().empty());
    const auto history = world_.gw.get("/v1/devices/device-1/history");
    EXPECT_TRUE(history.at("rollouts").as_array().empty());
    for (TestDevice* const device : {&one, &two}) {
        EXPECT_FALSE(device->poll().assignment) << "the release does not go out by itself";
        EXPECT_EQ(device->request("GET", image_path()).status, 404U) << "nor does what was stopped go on";
    }
}

TEST_F(RolloutPath, SaysWhatIsWrongAndWhatToDo) {
    cli::RolloutOptions bad = plan("spring");
    bad.phases = {"ten"};
    EXPECT_EQ(cli::create_rollout(bad).error().code, cli::ExitCode::kUsage);
    bad.phases = {"50%", "10%"};
    EXPECT_EQ(cli::create_rollout(bad).error().word, "malformed");
    bad.phases.clear();
    bad.zone = "Nowhere/Atlantis";
    EXPECT_NE(cli::create_rollout(bad).error().message.find("Atlantis"), std::string::npos);
    bad.zone = "UTC";
    bad.sites = {"Hamburg"};
    EXPECT_EQ(cli::create_rollout(bad).error().word, "malformed");
    EXPECT_EQ(cli::try_rollout(bad).error().word, "malformed");
    bad.sites.clear();
    bad.release = std::string(64, '0');
    EXPECT_EQ(cli::create_rollout(bad).error().word, "release-unknown");
    EXPECT_NE(act("nobody", "pause").error().message.find("rollout list"), std::string::npos);
    cli::LabelOptions label_options;
    label_options.dir = world_.gw.folder().dir();
    label_options.id = "nobody";
    label_options.site = "kiel";
    EXPECT_FALSE(cli::label_device(label_options));
}

}  // namespace
}  // namespace assay::gateway
