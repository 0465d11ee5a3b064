// The order of drains that ask for none, as the environment has it.
#ifndef DRYDOCK_SRC_ORDER_SETTING_H_
#define DRYDOCK_SRC_ORDER_SETTING_H_

#include <string>

#include "drydock/drain.h"

namespace drydock::internal {

// What the value of an order or a seed must be, where `text` is no such value: "fifo, lifo or
// shuffle"; empty where it is one.
std::string demand_of_order(const std::string& text);
std::string demand_of_seed(const std::string& text);

// DRYDOCK_ORDER and DRYDOCK_SEED; fifo where they say nothing. A shuffle without a seed takes one
// that differs in each run of the program. Throws `std::invalid_argument`, naming the variable, its
// value and the valid ones.
DrainOrder order_of_environment();

// How to get this order again: "--drydock_order=shuffle --drydock_seed=7"; empty for fifo.
std::string describe_order(DrainOrder order);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_ORDER_SETTING_H_
