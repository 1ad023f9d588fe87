#include "ledger/core/state_overlay.hpp"

#include <gtest/gtest.h>

namespace assay::ledger {
namespace {

std::string listing(const StateView& state, std::string_view prefix) {
    std::string text;
    state.for_each(as_bytes(prefix), [&text](ByteView key, ByteView value) {
        text += std::string(as_text(key)) + "=" + std::string(as_text(value)) + " ";
        return true;
    });
    return text;
}

void put(StateWriter& state, std::string_view key, std::string_view value) {
    state.put(as_bytes(key), as_bytes(value));
}

TEST(StateOverlay, CoversItsBaseWithoutTouchingIt) {
    const EmptyState empty;
    StateOverlay base(empty);
    for (const char* key : {"a", "b1", "b3", "b5", "c"}) put(base, key, "old");
    StateOverlay top(static_cast<const StateView&>(base));
    put(top, "b0", "new");
    put(top, "b3", "new");
    put(top, "b4", "new");
    top.erase(as_bytes("b5"));
    top.erase(as_bytes("b9"));
    EXPECT_EQ(listing(top, "b"), "b0=new b1=old b3=new b4=new ");
    EXPECT_EQ(listing(top, ""), "a=old b0=new b1=old b3=new b4=new c=old ");
    EXPECT_EQ(listing(base, "b"), "b1=old b3=old b5=old ");
    EXPECT_FALSE(top.get(as_bytes("b5")));
    EXPECT_EQ(top.get(as_bytes("a")), to_bytes("old"));
    EXPECT_EQ(top.changes().size(), 5U);
    top.clear();
    EXPECT_EQ(listing(top, "b"), listing(base, "b"));
}

TEST(StateOverlay, StopsWhenTheVisitorHasSeenEnough) {
    const EmptyState empty;
    StateOverlay base(empty);
    put(base, "a", "1");
    put(base, "c", "3");
    StateOverlay top(static_cast<const StateView&>(base));
    put(top, "b", "2");
    put(top, "d", "4");
    for (int wanted = 1; wanted <= 4; ++wanted) {
        int seen = 0;
        top.for_each({}, [&](ByteView, ByteView) { return ++seen < wanted; });
        EXPECT_EQ(seen, wanted);
    }
}

TEST(StatePart, SeesItsOwnTableOnly) {
    const EmptyState empty;
    StateOverlay whole(empty);
    put(whole, "rk", "outside");
    put(whole, "tk", "outside");
    StatePart part(whole, 's');
    put(part, "k", "inside");
    EXPECT_EQ(whole.get(as_bytes("sk")), to_bytes("inside"));
    EXPECT_EQ(listing(part, ""), "k=inside ");
    EXPECT_EQ(StatePartView(whole, 's').get(as_bytes("k")), to_bytes("inside"));
    part.erase(as_bytes("k"));
    EXPECT_EQ(listing(part, ""), "");
    EXPECT_EQ(listing(whole, ""), "rk=outside tk=outside ");
}

}  // namespace
}  // namespace assay::ledger
