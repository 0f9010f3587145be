// The host in place of a GPU: what `cuda.cuh` brings, with a fibre for every thread of a block.
//
// Threads run one at a time. One that comes to a shuffle or a barrier waits until all of its warp, or of its block, are there.
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

#define DEVICE inline
#define UNROLL
#define __global__
#define __launch_bounds__(...)
#define __restrict__

struct Index { int x; };
static Index threadIdx, blockIdx;

struct Fibre {
  ucontext_t start;
  jmp_buf state;
  char* stack;
  bool begun, done;
  long exchanges, barriers;  // that it has come to
  double given[2];           // values of its last two shuffles
};
static Fibre fibres[1024];
static int threads_of_block;
static jmp_buf scheduler;
static double* shared_bytes;
static void (*work)();

static void wait_for_turn() {
  Fibre& own = fibres[threadIdx.x];
  if (_setjmp(own.state) == 0) _longjmp(scheduler, 1);
}

static bool have_come(int begin, int end, long Fibre::*count, long number) {
  for (int i = begin; i < end; i++) if (fibres[i].*count < number) return false;
  return true;
}

static void run_fibre() {
  work();
  fibres[threadIdx.x].done = true;
  _longjmp(scheduler, 1);
}

static void run_block(int threads) {
  const size_t STACK = 256 << 10;
  threads_of_block = threads;
  for (int i = 0; i < threads; i++) {
    Fibre& fibre = fibres[i];
    if (!fibre.stack) fibre.stack = (char*)malloc(STACK);
    fibre.begun = fibre.done = false;
    fibre.exchanges = fibre.barriers = 0;
  }
  static volatile int left, at;
  for (left = threads, at = 0; left > 0; at = (at + 1) % threads) {
    if (fibres[at].done) continue;
    threadIdx.x = at;
    if (_setjmp(scheduler) == 0) {
      Fibre& fibre = fibres[at];
      if (fibre.begun) _longjmp(fibre.state, 1);
      fibre.begun = true;
      getcontext(&fibre.start);
      fibre.start.uc_stack.ss_sp = fibre.stack;
      fibre.start.uc_stack.ss_size = STACK;
      fibre.start.uc_link = nullptr;
      makecontext(&fibre.start, run_fibre, 0);
      setcontext(&fibre.start);
    }
    if (fibres[at].done) left = left - 1;
  }
}

inline void __syncthreads() {
  const long number = ++fibres[threadIdx.x].barriers;
  while (!have_come(0, threads_of_block, &Fibre::barriers, number)) wait_for_turn();
}

template <class T> T from_thread(T x, int place) {
  const int own = threadIdx.x, warp = own / 32 * 32;
  const long number = ++fibres[own].exchanges;
  fibres[own].given[number % 2] = x;
  while (!have_come(warp, warp + 32, &Fibre::exchanges, number)) wait_for_turn();
  return (T)fibres[warp + place % 32].given[number % 2];
}

inline float root(float x) { return sqrtf(x); }
inline double root(double x) { return sqrt(x); }
inline float exponential(float x) { return expf(x); }
inline double exponential(double x) { return exp(x); }
inline float exponential_minus_one(float x) { return expm1f(x); }
inline double exponential_minus_one(double x) { return expm1(x); }
template <class T> T not_negative(T x) { return x < 0 ? 0 : x; }
template <class T> void keep(T&) {}
inline void* shared_memory() { return shared_bytes; }

template <int... I> struct Places {};

template <class... A, int... I>
void launch(void (*kernel)(A...), void** arguments, int blocks, int threads, Places<I...>) {
  static void (*now)(A...);
  static void** given;
  now = kernel;
  given = arguments;
  work = [] { now(*(A*)given[I]...); };
  for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) run_block(threads);
}

template <class... A> void launch(void (*kernel)(A...), void** arguments, int blocks, int threads, long shared) {
  const long size = shared / sizeof(double) + 1;
  shared_bytes = (double*)malloc(size * sizeof(double));
  for (long i = 0; i < size; i++) shared_bytes[i] = NAN;
  launch(kernel, arguments, blocks, threads, Places<__integer_pack(sizeof...(A))...>());
  free(shared_bytes);
}
