// What to say when a connection to PostgreSQL cannot be opened.
#ifndef DRYDOCK_SRC_CONNECTION_FAILURE_H_
#define DRYDOCK_SRC_CONNECTION_FAILURE_H_

#include <libpq-fe.h>

#include <string>
#include <string_view>

namespace drydock::internal {

// Throws `pqxx::broken_connection`: libpq could not make sense of the connection string, and says
// why in `libpq_message`. The text holds no password that stands in the string.
[[noreturn]] void throw_bad_connection_string(const std::string& connection_string,
                                              std::string_view libpq_message);

// Throws `pqxx::broken_connection` or `pqxx::too_many_connections` for a `connection` whose status
// is bad: who refused, and what to do. Where there is no server, or no such database on it, that is
// `advice_where_gone`, unless it is empty.
[[noreturn]] void throw_connection_failure(PGconn* connection, std::string_view advice_where_gone);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_CONNECTION_FAILURE_H_
