// libpqxx 6.4 loses the result of a statement during which the connection breaks (its make_result
// asks for the encoding, which throws, before anybody owns the result). Leaks of our own are still
// reported.
//
// Link it into each test that breaks a connection on purpose.

extern "C" const char* __lsan_default_suppressions();  // NOLINT: the name is the sanitizer's

extern "C" const char* __lsan_default_suppressions() {  // NOLINT
  return "leak:libpqxx-6.4\n";
}
