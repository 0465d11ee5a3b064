// The main() of //:testing_main, in place of GoogleTest's.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drydock/testing/init_testing.h"

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  drydock::init_testing(&argc, argv);
  return RUN_ALL_TESTS();
}
