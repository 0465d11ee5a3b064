// Whether the processors were equally fast for as long as a program measured.
//
// Those of a virtual machine are often one of two threads of the host's processors each. When a
// neighbour works on the other, a loop that needs all of its units takes half as long again, and
// code as that of an executor up to twice as long: for a second, on one processor of several. Sides
// of equally many threads that take turns both meet it. Where one side works on two processors and
// the other on one, it can decide the ratio.
#ifndef BENCHMARKS_PROCESSOR_SPEED_H_
#define BENCHMARKS_PROCESSOR_SPEED_H_

#include <string>

namespace benchmarks {

class ProcessorSpeed {
 public:
  // Measures each processor that this thread may use; takes less than a millisecond for each.
  void sample();

  // A line for the reader where the samples differ; else "".
  std::string warning() const;

 private:
  // Of all samples, in nanoseconds for the same work.
  double fastest_ = 0;
  double slowest_ = 0;
};

}  // namespace benchmarks

#endif  // BENCHMARKS_PROCESSOR_SPEED_H_
