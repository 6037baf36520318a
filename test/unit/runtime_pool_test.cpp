// Threads: every task runs once, whoever is awake.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/core/netc_rt.h"
#include "runtime/core/pool.h"
#include "runtime/core/threads.h"
#include "test/unit/scratch_folder.h"

namespace {

struct Destroy {
  void operator()(netc_pool* pool) const { netc_rt_pool_destroy(pool); }
};
using Pool = std::unique_ptr<netc_pool, Destroy>;

void count(void* const* arguments, int64_t n, int64_t first, int64_t end) {
  auto* counts = static_cast<std::atomic<int>*>(arguments[0]);
  for (int64_t task = first; task < end; ++task) counts[task] += static_cast<int>(n);
}

void run(netc_pool* pool, netc_task task, void* const* arguments, int64_t tasks) {
  netc_call call = {task, arguments, tasks, 0};
  netc_rt_parallel(pool, &call, 1, 1);
}

void expect_each_once(netc_pool* pool, int64_t tasks) {
  std::vector<std::atomic<int>> counts(static_cast<size_t>(tasks));
  void* arguments[] = {counts.data()};
  run(pool, count, arguments, tasks);
  for (std::atomic<int>& c : counts) ASSERT_EQ(c, 1);
}

TEST(Pool, RunsEveryTaskOnce) {
  Pool pool(netc_rt_pool_create(0));
  for (int round = 0; round < 3000; ++round)
    for (int64_t tasks : {0, 1, 2, 3, 7, 64}) expect_each_once(pool.get(), tasks);
}

void expect_each_once(netc_pool* pool, const std::vector<int64_t>& tasks, int64_t together = 0) {
  std::vector<std::vector<std::atomic<int>>> counts;
  std::vector<void*> arguments;
  std::vector<netc_call> calls;
  for (int64_t each : tasks) {
    counts.emplace_back(static_cast<size_t>(each));
    arguments.push_back(counts.back().data());
  }
  for (size_t i = 0; i < tasks.size(); ++i)
    calls.push_back({count, &arguments[i], tasks[i], together});
  netc_rt_parallel(pool, calls.data(), static_cast<int64_t>(calls.size()), 1);
  for (const auto& of_call : counts)
    for (const std::atomic<int>& c : of_call) ASSERT_EQ(c, 1);
}

TEST(Pool, RunsEveryTaskOfEveryCallOnce) {
  Pool pool(netc_rt_pool_create(0));
  for (int round = 0; round < 1000; ++round) {
    expect_each_once(pool.get(), {1, 1});
    expect_each_once(pool.get(), {3, 0, 1, 8, 1, 1, 5});
    expect_each_once(pool.get(), {64, 7, 1});
    expect_each_once(pool.get(), std::vector<int64_t>(40, 1));
    expect_each_once(pool.get(), {64, 7, 1}, 1);
    expect_each_once(pool.get(), {3, 0, 1, 8, 1, 1, 5}, 1);
  }
  expect_each_once(nullptr, {2, 3});
}

TEST(Pool, DealsWhatDoesNotDivideEvenlyToEveryThread) {
  std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(64, netc_pool_bytes()),
                                                std::free);
  auto* pool = static_cast<netc_pool*>(memory.get());
  netc_pool_begin(pool, 5);  // more than there may be processors
  for (int round = 0; round < 200; ++round) {
    expect_each_once(pool, {1, 1, 1, 1, 1, 1, 1});
    expect_each_once(pool, {3, 7, 0, 11, 2});
    expect_each_once(pool, {17});
    expect_each_once(pool, {17, 4, 30}, 1);
  }
  netc_pool_end(pool);
}

void meet(void* const* arguments, int64_t, int64_t, int64_t) {
  auto* begun = static_cast<std::atomic<int>*>(arguments[0]);
  ++*begun;
  auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (*begun < 2 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
}

TEST(Pool, CallsOfOneTaskRunSideBySide) {
  if (netc_threads_allowed(2) < 2) GTEST_SKIP() << "there is one processor";
  Pool pool(netc_rt_pool_create(2));
  std::atomic<int> begun = 0;
  void* arguments[] = {&begun};
  netc_call calls[] = {{meet, arguments, 1, 0}, {meet, arguments, 1, 0}};
  auto begin = std::chrono::steady_clock::now();
  netc_rt_parallel(pool.get(), calls, 2, 1);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Pool, WithoutAPoolTheCallerRunsAll) { expect_each_once(nullptr, 10); }

TEST(Pool, WakesThreadsThatSleep) {
  Pool pool(netc_rt_pool_create(2));
  for (int round = 0; round < 30; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    expect_each_once(pool.get(), 16);
  }
}

void wait(void* const*, int64_t, int64_t, int64_t end) {
  if (end > 1) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

TEST(Pool, TheCallerSleepsUntilLongTasksAreDone) {
  Pool pool(netc_rt_pool_create(2));
  for (int round = 0; round < 20; ++round) run(pool.get(), wait, nullptr, 2);
}

void nest(void* const* arguments, int64_t, int64_t first, int64_t end) {
  for (int64_t task = first; task < end; ++task) {
    void* inner[] = {static_cast<std::atomic<int>*>(arguments[0]) + 4 * task};
    run(static_cast<netc_pool*>(arguments[1]), count, inner, 4);
  }
}

TEST(Pool, APhaseWithinATaskRunsOnItsThread) {
  Pool pool(netc_rt_pool_create(2));
  std::vector<std::atomic<int>> counts(32);
  void* arguments[] = {counts.data(), pool.get()};
  run(pool.get(), nest, arguments, 8);
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

TEST(RuntimeLocate, FindsWhatAStepReadsAndWrites) {
  float x = 0, y = 0, w[2] = {};
  const void* inputs[] = {nullptr, &x};
  void* outputs[] = {&y};
  void* variables[] = {nullptr, nullptr, w};
  double settings[] = {1, 2};
  alignas(64) unsigned char arena[128];
  netc_context context{inputs, outputs, variables, settings, arena, nullptr};
  const netc_place places[] = {{offsetof(netc_context, inputs), 1, sizeof(void*)},
                               {offsetof(netc_context, outputs), 1, 0},
                               {offsetof(netc_context, variables), 1, 2 * sizeof(void*)},
                               {offsetof(netc_context, settings), 0, sizeof(double)},
                               {offsetof(netc_context, arena), 0, 64},
                               {offsetof(netc_context, arena), 0, 0}};
  void* addresses[6] = {};
  netc_rt_locate(&context, places, 5, addresses);
  EXPECT_EQ(addresses[0], &x);
  EXPECT_EQ(addresses[1], &y);
  EXPECT_EQ(addresses[2], w);
  EXPECT_EQ(addresses[3], &settings[1]);
  EXPECT_EQ(addresses[4], arena + 64);
  EXPECT_EQ(addresses[5], nullptr);
}

}  // namespace
