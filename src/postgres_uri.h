// PostgreSQL's connection strings, as text.
#ifndef DRYDOCK_SRC_POSTGRES_URI_H_
#define DRYDOCK_SRC_POSTGRES_URI_H_

#include <map>
#include <string>
#include <string_view>

namespace drydock::internal {

// libpq's parameter keywords (user, password, host, port, sslmode, ...) and their values.
using ConnectionParameters = std::map<std::string, std::string>;

// postgresql://user:password@host:5432/database?...; a folder of sockets, and a list of hosts,
// stand behind the question mark.
std::string postgres_uri(const ConnectionParameters& parameters, std::string_view database);

// The same text with *** for each password, of either form and even where it is malformed.
std::string without_password(std::string_view connection_string);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_POSTGRES_URI_H_
