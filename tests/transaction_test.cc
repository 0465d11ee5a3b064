// What a body may do in a transaction, nested or not; on a real server, through `PooledDatabase`.
#include "drydock/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/executor.h"
#include "drydock/pooled_database.h"
#include "drydock/transaction_errors.h"
#include "tests/scratch_database.h"

namespace drydock {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NamingExecutor : public Executor {
 public:
  std::vector<std::string> names;

 private:
  void do_submit(SubmittedJob job) override { names.push_back(job.name()); }
};

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest() { scratch_.exec("CREATE TABLE t (n int PRIMARY KEY)"); }

  void insert(Transaction& tx, int n) { tx->exec_params("INSERT INTO t VALUES ($1)", n); }
  // What is committed: "1,2".
  std::string rows() { return scratch_.query("SELECT string_agg(n::text, ',' ORDER BY n) FROM t"); }

  template <class Error, class Call>
  std::string message_of(Call call) {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing thrown";
  }

  testing::ScratchDatabase scratch_;
  PooledDatabase database_{scratch_.connection_string(), {.max_connections = 2}};
  NamingExecutor executor_;
};

TEST_F(TransactionTest, ReturnCommitsAndGivesTheValue) {
  const auto value = database_.transact([&](Transaction& tx) {
    insert(tx, 1);
    return std::make_unique<int>(7);  // move-only
  });
  EXPECT_EQ(*value, 7);
  EXPECT_EQ(rows(), "1");
}

TEST_F(TransactionTest, AThrowRollsBackAndComesOutUntouched) {
  struct Mine {
    int code;
  };
  try {
    database_.transact([&](Transaction& tx) {
      insert(tx, 1);
      throw Mine{42};
    });
    FAIL() << "nothing thrown";
  } catch (const Mine& mine) {
    EXPECT_EQ(mine.code, 42);
  }
  EXPECT_EQ(rows(), "");
}

TEST_F(TransactionTest, ANestedOneIsCommittedWithTheOuterOne) {
  database_.transact([&](Transaction& outer) {
    insert(outer, 1);
    database_.transact([&](Transaction& inner) { insert(inner, 2); });
    EXPECT_EQ(rows(), "");
    EXPECT_EQ(database_.usage().in_use, 1);
  });
  EXPECT_EQ(rows(), "1,2");
}

TEST_F(TransactionTest, ANestedRollbackUndoesOnlyItsOwnPart) {
  database_.transact([&](Transaction& outer) {
    insert(outer, 1);
    EXPECT_THROW(database_.transact([&](Transaction& inner) {
      // A parameterised statement first: nothing but the savepoint stands before it.
      insert(inner, 2);
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    insert(outer, 3);
  });
  EXPECT_EQ(rows(), "1,3");
}

TEST_F(TransactionTest, ANestedOneMakesAFailingStatementHarmless) {
  database_.transact([&](Transaction& outer) {
    insert(outer, 1);
    EXPECT_THROW(database_.transact([&](Transaction& inner) { insert(inner, 1); }),
                 pqxx::unique_violation);
    insert(outer, 2);
  });
  EXPECT_EQ(rows(), "1,2");
}

TEST_F(TransactionTest, AnOuterRollbackUndoesWhatNestedOnesReleased) {
  EXPECT_THROW(database_.transact([&](Transaction&) {
    database_.transact([&](Transaction& inner) { insert(inner, 1); });
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(rows(), "");
}

TEST_F(TransactionTest, SavepointsDoNotPileUp) {
  database_.transact([&](Transaction& outer) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_THROW(database_.transact([&](Transaction&) { throw std::runtime_error("no"); }),
                   std::runtime_error);
      database_.transact([&](Transaction&) {});
    }
    // None of the savepoints is there any more.
    pqxx::subtransaction asking(outer.sql());
    EXPECT_THROW(asking.exec("RELEASE SAVEPOINT drydock_nested_1"), pqxx::sql_error);
    asking.abort();
  });
}

TEST_F(TransactionTest, HooksAndSubmitsRunAfterTheOutermostCommitInOrder) {
  std::vector<std::string> seen;
  database_.transact([&](Transaction& outer) {
    insert(outer, 1);
    outer.on_commit([&] { seen.push_back("outer sees " + rows()); });
    database_.transact([&](Transaction& inner) {
      insert(inner, 2);
      inner.on_commit([&] { seen.push_back("inner"); });
      inner.submit(executor_, {.name = "job"}, [] {});
    });
    outer.submit(executor_, [] {});
    EXPECT_THAT(seen, IsEmpty());
    EXPECT_THAT(executor_.names, IsEmpty());
  });
  EXPECT_THAT(seen, ElementsAre("outer sees 1,2", "inner"));
  EXPECT_THAT(executor_.names, ElementsAre("job", HasSubstr("transaction_test.cc:")));
}

TEST_F(TransactionTest, ANestedRollbackDropsOnlyItsOwnHooksAndSubmits) {
  std::vector<std::string> seen;
  database_.transact([&](Transaction& outer) {
    outer.on_commit([&] { seen.push_back("before"); });
    EXPECT_THROW(database_.transact([&](Transaction& inner) {
      inner.on_commit([&] { seen.push_back("dropped"); });
      inner.submit(executor_, {.name = "dropped"}, [] {});
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    outer.on_commit([&] { seen.push_back("after"); });
    outer.submit(executor_, {.name = "kept"}, [] {});
  });
  EXPECT_THAT(seen, ElementsAre("before", "after"));
  EXPECT_THAT(executor_.names, ElementsAre("kept"));
}

TEST_F(TransactionTest, ARollbackDropsAllHooksAndSubmits) {
  bool ran = false;
  EXPECT_THROW(database_.transact([&](Transaction& tx) {
    tx.on_commit([&] { ran = true; });
    tx.submit(executor_, [] {});
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_FALSE(ran);
  EXPECT_THAT(executor_.names, IsEmpty());
}

TEST_F(TransactionTest, ASwallowedSqlErrorIsNotCommittedInSilence) {
  bool ran = false;
  const std::string message = message_of<TransactionAbortedError>([&] {
    database_.transact([&](Transaction& tx) {
      insert(tx, 1);
      tx.on_commit([&] { ran = true; });
      try {
        insert(tx, 1);
      } catch (const pqxx::unique_violation&) {
      }
    });
  });
  EXPECT_THAT(message, AllOf(HasSubstr("drydock: the transact at "),
                             HasSubstr("transaction_test.cc:"), HasSubstr("cannot commit"),
                             HasSubstr("in a transact of its own inside this one"),
                             HasSubstr("duplicate key value")));
  EXPECT_FALSE(ran);
  EXPECT_EQ(rows(), "");
}

TEST_F(TransactionTest, ASwallowedSqlErrorInANestedOneRollsThatOneBack) {
  database_.transact([&](Transaction& outer) {
    insert(outer, 1);
    EXPECT_THROW(database_.transact([&](Transaction& inner) {
      try {
        inner->exec("SELECT 1/0");
      } catch (const pqxx::data_exception&) {
      }
      EXPECT_THROW(insert(inner, 2), pqxx::sql_error);
    }),
                 TransactionAbortedError);
    insert(outer, 3);
  });
  EXPECT_EQ(rows(), "1,3");
}

TEST_F(TransactionTest, CommitOrAbortByTheBodyIsMisuseAndRollsBack) {
  EXPECT_THAT(message_of<TransactionMisuseError>([&] {
                database_.transact([&](Transaction& tx) {
                  insert(tx, 1);
                  tx->commit();
                });
              }),
              HasSubstr("called commit() on its transaction"));
  EXPECT_THAT(message_of<TransactionMisuseError>([&] {
                database_.transact([&](Transaction& tx) {
                  insert(tx, 1);
                  tx->abort();
                });
              }),
              HasSubstr("called abort() on its transaction"));
  EXPECT_EQ(rows(), "");
}

TEST_F(TransactionTest, EndingTheTransactionBySqlIsMisuse) {
  bool ran = false;
  EXPECT_THAT(
      message_of<TransactionMisuseError>([&] {
        database_.transact([&](Transaction& tx) {
          tx.on_commit([&] { ran = true; });
          tx->exec("ROLLBACK");
        });
      }),
      AllOf(HasSubstr("transaction_test.cc:"), HasSubstr("ended the transaction itself, by SQL"),
            HasSubstr("throw out of it to roll back")));
  EXPECT_FALSE(ran);
}

TEST_F(TransactionTest, ANestedOneCannotBeStricterThanTheOutermost) {
  EXPECT_THAT(message_of<TransactionMisuseError>([&] {
                database_.transact([&](Transaction&) {
                  database_.transact({.isolation = Isolation::kSerializable}, [](Transaction&) {});
                });
              }),
              AllOf(HasSubstr("asks for serializable"), HasSubstr("which is read committed"),
                    HasSubstr("ask for it there")));
  database_.transact({.isolation = Isolation::kSerializable}, [&](Transaction&) {
    database_.transact({.isolation = Isolation::kRepeatableRead}, [](Transaction&) {});
  });
}

TEST_F(TransactionTest, ANestedReadOnlyOneEndsWithItsBody) {
  database_.transact([&](Transaction& outer) {
    EXPECT_THROW(
        database_.transact({.read_only = true}, [&](Transaction& inner) { insert(inner, 1); }),
        pqxx::sql_error);
    insert(outer, 2);
    database_.transact({.read_only = true}, [&](Transaction& inner) {
      EXPECT_EQ(inner->exec("SELECT count(*) FROM t").at(0).at(0).as<int>(), 1);
    });
    insert(outer, 3);
  });
  EXPECT_EQ(rows(), "2,3");
}

TEST_F(TransactionTest, ANestedOneWhileAStreamIsOpenIsMisuse) {
  EXPECT_THAT(message_of<TransactionMisuseError>([&] {
                database_.transact([&](Transaction& tx) {
                  pqxx::stream_to stream(tx.sql(), "t");
                  database_.transact([](Transaction&) {});
                });
              }),
              AllOf(HasSubstr("while a stream or pipeline is open"),
                    HasSubstr("Complete the stream first")));
  EXPECT_EQ(rows(), "");
  database_.transact([&](Transaction& tx) { insert(tx, 1); });
  EXPECT_EQ(rows(), "1");
}

TEST_F(TransactionTest, AnotherDatabaseOnTheSameThreadIsNotNested) {
  PooledDatabase other(scratch_.connection_string());
  EXPECT_THROW(database_.transact([&](Transaction& tx) {
    insert(tx, 1);
    other.transact([&](Transaction& second) { insert(second, 2); });
    database_.transact([&](Transaction& nested) { insert(nested, 3); });
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(rows(), "2");
}

}  // namespace
}  // namespace drydock
