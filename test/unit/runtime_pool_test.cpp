// Threads: every task runs once, whoever is awake.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/core/netc_rt.h"
#include "runtime/core/threads.h"
#include "test/unit/scratch_folder.h"

namespace {

struct Destroy {
  void operator()(netc_pool* pool) const { netc_rt_pool_destroy(pool); }
};
using Pool = std::unique_ptr<netc_pool, Destroy>;

void count(void* const* arguments, int64_t n, int64_t task) {
  auto* counts = static_cast<std::atomic<int>*>(arguments[0]);
  counts[task] += static_cast<int>(n);
}

void expect_each_once(netc_pool* pool, int64_t tasks) {
  std::vector<std::atomic<int>> counts(static_cast<size_t>(tasks));
  void* arguments[] = {counts.data()};
  netc_rt_parallel(pool, count, arguments, 1, tasks);
  for (std::atomic<int>& c : counts) ASSERT_EQ(c, 1);
}

TEST(Pool, RunsEveryTaskOnce) {
  Pool pool(netc_rt_pool_create(0));
  for (int round = 0; round < 3000; ++round)
    for (int64_t tasks : {0, 1, 2, 3, 7, 64}) expect_each_once(pool.get(), tasks);
}

TEST(Pool, WithoutAPoolTheCallerRunsAll) { expect_each_once(nullptr, 10); }

TEST(Pool, WakesThreadsThatSleep) {
  Pool pool(netc_rt_pool_create(2));
  for (int round = 0; round < 30; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    expect_each_once(pool.get(), 16);
  }
}

void wait(void* const*, int64_t, int64_t task) {
  if (task > 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

TEST(Pool, TheCallerSleepsUntilLongTasksAreDone) {
  Pool pool(netc_rt_pool_create(2));
  for (int round = 0; round < 20; ++round) netc_rt_parallel(pool.get(), wait, nullptr, 0, 2);
}

void nest(void* const* arguments, int64_t, int64_t task) {
  auto* counts = static_cast<std::atomic<int>*>(arguments[0]) + 4 * task;
  void* inner[] = {counts};
  netc_rt_parallel(static_cast<netc_pool*>(arguments[1]), count, inner, 1, 4);
}

TEST(Pool, APhaseWithinATaskRunsOnItsThread) {
  Pool pool(netc_rt_pool_create(2));
  std::vector<std::atomic<int>> counts(32);
  void* arguments[] = {counts.data(), pool.get()};
  netc_rt_parallel(pool.get(), nest, arguments, 1, 8);
  for (std::atomic<int>& c : counts) EXPECT_EQ(c, 1);
}

TEST(Pool, TwoThreadsMayShareOne) {
  Pool pool(netc_rt_pool_create(2));
  auto work = [&] {
    for (int round = 0; round < 500; ++round) expect_each_once(pool.get(), 8);
  };
  std::thread other(work);
  work();
  other.join();
}

TEST(Threads, NeverMoreThanAskedOrAllowed) {
  EXPECT_EQ(netc_threads_allowed(1), 1);
  EXPECT_GE(netc_threads_allowed(0), 1);
  EXPECT_LE(netc_threads_allowed(1000), static_cast<int>(std::thread::hardware_concurrency()));
}

TEST(Threads, FillTheQuotaOfAContainer) {
  ScratchFolder root;
  std::filesystem::create_directories(root / "outer/inner");
  auto threads = [&](const char* group) {
    return netc_threads_by_quota(root.write("groups", group).c_str(), root.path().c_str());
  };
  EXPECT_EQ(threads("0::/outer/inner\n"), NETC_MAX_THREADS);
  root.write("outer/inner/cpu.max", "max 100000\n");
  EXPECT_EQ(threads("0::/outer/inner\n"), NETC_MAX_THREADS);
  root.write("outer/inner/cpu.max", "150000 50000\n");
  EXPECT_EQ(threads("0::/outer/inner\n"), 3);
  root.write("outer/cpu.max", "110000 100000\n");
  EXPECT_EQ(threads("0::/outer/inner\n"), 2) << "the least up to the root counts";
  root.write("cpu.max", "1000 100000\n");
  EXPECT_EQ(threads("0::/\n"), 1) << "the container's own group is seen as the root";
}

TEST(Threads, FillTheQuotaOfAnOlderContainer) {
  ScratchFolder root;
  std::filesystem::create_directories(root / "cpu/outer");
  auto threads = [&](const char* group) {
    return netc_threads_by_quota(root.write("groups", group).c_str(), root.path().c_str());
  };
  root.write("cpu/outer/cpu.cfs_quota_us", "100000\n");
  root.write("cpu/outer/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(threads("4:memory:/outer\n3:cpuset,cpuacct:/outer\n"), NETC_MAX_THREADS);
  EXPECT_EQ(threads("4:cpuset:/\n3:cpuacct,cpu:/outer\n"), 2);
  root.write("cpu/outer/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(threads("1:cpu:/outer\n"), NETC_MAX_THREADS);
}

}  // namespace
