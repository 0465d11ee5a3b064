# What a Rails transactional test costs: an empty test, and one with one INSERT, in microseconds.
#
#   apt-get install --no-install-recommends ruby-rails ruby-pg
#   ruby benchmarks/peers/rails_transactional_test.rb "$(bazel run //src:start_local_postgres)"
#
# Each side takes its turn, test by test: a test is run by Minitest as Rails runs it. Beside them, in
# the same run, one raw round trip of `ROLLBACK;BEGIN` through the pg gem, and `BEGIN`, the INSERT
# and `ROLLBACK`.
require "minitest"
require "active_record"
require "active_support"
require "active_support/test_case"
require "active_record/fixtures"
require "pg"
require "uri"
require "cgi"

URL = ARGV.fetch(0)
ROUNDS = 25
TESTS = 200

def settings(url)
  parsed = URI.parse(url)
  query = CGI.parse(parsed.query.to_s)
  { adapter: "postgresql", database: parsed.path.delete_prefix("/"), username: parsed.user,
    password: parsed.password, host: query["host"].first || parsed.host,
    port: query["port"].first || parsed.port, prepared_statements: true }.compact
end

ActiveSupport.test_order = :sorted
ActiveRecord::Base.establish_connection(settings(URL))
ActiveRecord::Base.logger = nil

class User < ActiveRecord::Base
  self.table_name = "drydock_peer_users"
end

class PeerTest < ActiveSupport::TestCase
  include ActiveRecord::TestFixtures
  self.use_transactional_tests = true

  def empty; end

  def insert
    User.create!(email: "ada@example.org")
  end
end
Minitest::Runnable.runnables.delete(PeerTest)

def timed
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  yield
  (Process.clock_gettime(Process::CLOCK_MONOTONIC) - start) * 1e6
end

def median(values)
  values.sort[values.size / 2]
end

def run_test(name)
  result = PeerTest.new(name).run
  abort result.to_s unless result.passed?
end

raw, other = PG.connect(URL), PG.connect(URL)
raw.set_notice_processor { |_message| }
raw.exec("DROP TABLE IF EXISTS drydock_peer_users")
raw.exec("CREATE TABLE drydock_peer_users (id bigserial PRIMARY KEY, email text NOT NULL)")
sides = {
  "raw ROLLBACK;BEGIN" => -> { raw.exec("ROLLBACK;BEGIN") },
  "empty test" => -> { run_test("empty") },
  "raw BEGIN, INSERT, ROLLBACK" => lambda do
    other.exec("BEGIN")
    other.exec("INSERT INTO drydock_peer_users (email) VALUES ('ada@example.org')")
    other.exec("ROLLBACK")
  end,
  "test with one INSERT" => -> { run_test("insert") },
}
medians = sides.transform_values { [] }
begin
  raw.exec("BEGIN")
  ROUNDS.times do
    times = sides.transform_values { [] }
    TESTS.times { sides.each { |name, side| times[name] << timed(&side) } }
    times.each { |name, values| medians[name] << median(values) }
  end
ensure
  raw.exec("ROLLBACK")
  ActiveRecord::Base.connection.disconnect!
  raw.exec("DROP TABLE drydock_peer_users")
end
puts "Rails #{ActiveRecord::VERSION::STRING} with pg #{PG::VERSION}"
medians.each { |name, values| puts format("%-30s %8.1f us", name, median(values)) }
