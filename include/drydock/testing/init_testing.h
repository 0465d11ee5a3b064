// The flags of a test program, beside GoogleTest's.
//
//   int main(int argc, char** argv) {
//     testing::InitGoogleTest(&argc, argv);
//     drydock::init_testing(&argc, argv);
//     return RUN_ALL_TESTS();
//   }
//
//   --drydock_executor=mail=inline,...  kinds of the application's executors; docs/configuration.md
//   --drydock_order=fifo|lifo|shuffle   the order of every drain that asks for none
//   --drydock_schema=db/migrations      a file of SQL, or a folder of them in order of their names
//   --drydock_schema_command=text       a command that makes the schema, with its inputs or its key
//   --drydock_schema_inputs=a:b         (--drydock_schema_key=text); see TestDatabaseOptions
//   --drydock_seed=N                    with shuffle: which order; printed where a test fails
//
// Each goes before the environment variable of its name (DRYDOCK_ORDER, …). The flags work in a
// program with GoogleTest's own main() too, which leaves them in `argv`; a main() that looks at
// `argv` itself, or gives it to another library, calls this first. `//:testing_main` is such a
// main().
#ifndef DRYDOCK_TESTING_INIT_TESTING_H_
#define DRYDOCK_TESTING_INIT_TESTING_H_

namespace drydock {

// Takes drydock's flags out of `argv` and puts them into force. Ends the program, with a message
// and status 1, where one is unknown or has no valid value. Before the first test.
void init_testing(int* argc, char** argv);

}  // namespace drydock

#endif  // DRYDOCK_TESTING_INIT_TESTING_H_
