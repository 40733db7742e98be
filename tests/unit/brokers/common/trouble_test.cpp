#include "brokers/common/trouble.hpp"

#include <gtest/gtest.h>

namespace signalbox::brokers {
namespace {

using Reasons = std::vector<std::string>;

TEST(Trouble, NamesWhatIsLostAndPutsFirstWhatAnOperatorMustCorrect) {
  Trouble trouble;
  trouble.add(TroubleKind::lost, "subscriber", "connecting");
  EXPECT_EQ(trouble.kind, TroubleKind::lost);
  trouble.add(TroubleKind::auth, "publisher", "wrong password");
  trouble.add(TroubleKind::lost, "", "channels are not confirmed");
  EXPECT_EQ(trouble.kind, TroubleKind::auth);
  EXPECT_EQ(trouble.reasons, (Reasons{"auth: wrong password", "subscriber: connecting", "channels are not confirmed"}));
}

TEST(Trouble, StaysAsGraveAsItsGravestPart) {
  Trouble trouble;
  trouble.add(TroubleKind::config, "", "a");
  Trouble lost;
  lost.add(TroubleKind::lost, "", "b");
  trouble.append(lost);
  EXPECT_EQ(trouble.kind, TroubleKind::config);
  EXPECT_EQ(trouble.reasons, (Reasons{"config: a", "b"}));
  lost.append(trouble);
  EXPECT_EQ(lost.kind, TroubleKind::config);
  EXPECT_EQ(lost.reasons, (Reasons{"config: a", "b", "b"}));
}

TEST(Trouble, SaysWhichStateItMeans) {
  Trouble trouble;
  trouble.add(TroubleKind::lost, "", "a");
  EXPECT_EQ(trouble.state(false), State::connecting);
  EXPECT_EQ(trouble.state(true), State::degraded);
  trouble.add(TroubleKind::auth, "", "b");
  EXPECT_EQ(trouble.state(false), State::failed);
  EXPECT_EQ(trouble.state(true), State::failed);
}

}  // namespace
}  // namespace signalbox::brokers
