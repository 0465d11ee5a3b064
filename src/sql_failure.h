// Turns a failed libpq call into the exception that libpqxx would throw for it.
//
// drydock sends its own statements (BEGIN, SAVEPOINT, ...) through libpq, several in one message;
// what fails there has to look to the application like any other failed statement.
#ifndef DRYDOCK_SRC_SQL_FAILURE_H_
#define DRYDOCK_SRC_SQL_FAILURE_H_

#include <libpq-fe.h>

#include <string>

namespace drydock::internal {

// `pqxx::broken_connection` where the connection is lost or the server is ending it (08..., 57P01
// to 57P03, no SQLSTATE at all), else the `pqxx` class for the SQLSTATE of `result`. `result` may
// be null; it stays the caller's.
[[noreturn]] void throw_sql_failure(PGconn* connection, const PGresult* result,
                                    const std::string& sql);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SQL_FAILURE_H_
