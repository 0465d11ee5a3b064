// What the environment asks of every test of the program.
#ifndef DRYDOCK_SRC_TESTING_TEST_SETTINGS_H_
#define DRYDOCK_SRC_TESTING_TEST_SETTINGS_H_

#include <string>

#include "drydock/drain.h"

namespace drydock::internal {

struct TestSettings {
  // DRYDOCK_ORDER and DRYDOCK_SEED. A shuffle without a seed takes one that differs in each run of
  // the program.
  DrainOrder order = DrainOrder::fifo();
  // DRYDOCK_TRACE: the folder for the traces; empty: none.
  std::string trace_folder = {};

  // Throws `std::invalid_argument`, naming the variable, its value and the valid ones.
  static TestSettings from_environment();
};

// How to get this order again: "DRYDOCK_ORDER=shuffle DRYDOCK_SEED=7"; empty for fifo.
std::string describe_order(DrainOrder order);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TESTING_TEST_SETTINGS_H_
