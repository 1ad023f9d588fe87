#include "host/http/newcomers.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace assay::http {
namespace {

class NewcomersTest : public testing::Test {
  protected:
    void arrive(const std::string& name, const std::string& address) {
        entries.push_back(std::make_unique<Newcomers::Entry>(
            table, origin_of(boost::asio::ip::make_address(address)),
            [this, name] { closed.push_back(name); }));
    }

    Newcomers table;
    std::vector<std::string> closed;
    std::vector<std::unique_ptr<Newcomers::Entry>> entries;
};

TEST_F(NewcomersTest, HasNobodyToGiveUpWhenAllHaveSpoken) {
    EXPECT_FALSE(table.give_one_up());
    arrive("a", "192.0.2.1");
    arrive("b", "192.0.2.2");
    EXPECT_EQ(table.size(), 2U);
    entries[0]->leave();
    entries[0]->leave();
    entries.pop_back();
    EXPECT_EQ(table.size(), 0U);
    EXPECT_FALSE(table.give_one_up());
    EXPECT_TRUE(closed.empty());
}

TEST_F(NewcomersTest, GivesUpTheOldestOfTheMostCrowdedAddress) {
    arrive("alone", "192.0.2.1");
    arrive("crowd 1", "192.0.2.2");
    arrive("crowd 2", "::ffff:192.0.2.2");
    arrive("crowd 3", "192.0.2.2");
    EXPECT_TRUE(table.give_one_up());
    EXPECT_TRUE(table.give_one_up());
    EXPECT_EQ(closed, (std::vector<std::string>{"crowd 1", "crowd 2"}));
    EXPECT_EQ(table.size(), 2U);
}

TEST_F(NewcomersTest, TakesAnIpv6NetworkForOneAddress) {
    arrive("alone", "2001:db8:0:1::1");
    arrive("crowd 1", "2001:db8:0:2::1");
    arrive("crowd 2", "2001:db8:0:2:ffff::2");
    EXPECT_TRUE(table.give_one_up());
    EXPECT_EQ(closed, std::vector<std::string>{"crowd 1"});
}

}  // namespace
}  // namespace assay::http
