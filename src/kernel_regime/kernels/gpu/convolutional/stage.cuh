// One stage of a network for pairs of images: a group of threads for every pair and `span` horizontal offsets.
//
// Pixel pairs of one offset go through all layers of a stage alone, row behind row, in registers: see `docs/kernel-engine.md`.

// Pairs of images (first[from + p], second[from + p]) of one launch.
struct Pairs { const int *first, *second; int from, number; };

// Copies of the images of a block's pairs, one behind the other, in the memory that its threads share.
template <class S>
DEVICE void share_images(const Number<S>* images, const Pairs& pairs, int first_pair, int number, Number<S>* shared) {
  constexpr int IMAGE = S::height * S::row;
  for (int i = 0; i < 2 * number; i++) {
    const int at = first_pair + i / 2 < pairs.number ? first_pair + i / 2 : pairs.number - 1;
    const Number<S>* image = images + (long long)(i % 2 ? pairs.second : pairs.first)[pairs.from + at] * IMAGE;
    for (int t = threadIdx.x; t < IMAGE; t += 32 * S::warps) shared[i * IMAGE + t] = image[t];
  }
  __syncthreads();
}

// What a stage reads and writes apart from images; `stage_source` adds its nodes.
template <class S> struct Ends {
  Offsets offsets;
  const Two<Number<S>>* in;
  Two<Number<S>>* out;
  int pair, turn;
  Input<S> input;
  Head<S> head;

  DEVICE void start(int own_pair, int group, const Offsets& given, const Two<Number<S>>* from, Two<Number<S>>* to) {
    constexpr int IMAGE = S::height / S::window_y * (S::width / S::window_x);
    offsets = given;
    pair = own_pair;
    in = from;
    out = to + ((long long)pair * S::sides * S::outputs * offsets.slots_out * offsets.groups + group) * IMAGE;
    head.plane = {0, 0};
    head.total = {0, 0};
  }
};

// Down the rows of one plane.
template <class S, class Nodes> DEVICE void walk(Nodes& nodes, const Thread<S>& thread, const Plane<S>& plane) {
#pragma unroll 1
  for (int step = 0; step < plane.steps; step++) {
#pragma unroll 1
    for (const int end = plane.end_of_full(step); step < end; step += S::rows) {
      nodes.template step<0>(thread, plane, step);
      if constexpr (S::rows == 2) nodes.template step<1>(thread, plane, step);
    }
    if (step < plane.steps) nodes.template step<ANY>(thread, plane, step);
  }
}

template <class S, class Nodes>
DEVICE void run_stage(const Number<S>* images, const Pairs& pairs, const Two<Number<S>>* in, Two<Number<S>>* out,
                      Two<double>* sums, const Offsets& offsets, int pairs_of_block) {
  const int own = threadIdx.x % 32, within = own / S::members < S::groups ? own / S::members : S::groups - 1;
  const int first_group = blockIdx.x * S::warps * S::groups;
  const int group = first_group + threadIdx.x / 32 * S::groups + within, all = pairs.number * offsets.groups;
  const int pair = (group < all ? group : all - 1) / offsets.groups, k = group % offsets.groups;

  Thread<S> thread;
  thread.place = own;
  thread.index = own % S::members;
  thread.column = thread.index * S::columns;
  thread.left = within * S::members + (thread.index + S::members - 1) % S::members;
  thread.right = within * S::members + (thread.index + 1) % S::members;
  thread.counts = group < all && own < S::groups * S::members;
  keep(thread.left);
  keep(thread.right);
  keep(thread.counts);
  if constexpr (S::shared) {
    Number<S>* shared = (Number<S>*)shared_memory();
    const int first_pair = first_group / offsets.groups;
    share_images<S>(images, pairs, first_pair, pairs_of_block, shared);
    thread.image1 = shared + 2 * (pair - first_pair) * S::height * S::row;
    thread.image2 = thread.image1 + S::height * S::row;
  } else {
    thread.image1 = images + (long long)pairs.first[pairs.from + pair] * S::height * S::row;
    thread.image2 = images + (long long)pairs.second[pairs.from + pair] * S::height * S::row;
  }

  Nodes nodes;
  nodes.start(pair, k, offsets, in, out);
#pragma unroll 1
  for (int turn = 0; turn < S::span; turn += S::offsets) {
    thread.turn_to(offsets.start + k * S::span + turn);
    nodes.turn = turn;
    nodes.head.turn_to(thread);
    int newest = turn ? 1 << 30 : -(1 << 30);
#pragma unroll 1
    for (int dy = offsets.lowest; dy <= offsets.highest; dy++) {
      const Plane<S> plane(dy, offsets, newest);
      nodes.begin_plane(thread, plane);
      walk(nodes, thread, plane);
      nodes.head.end_plane();
    }
  }
  if constexpr (S::last) nodes.head.give(thread, sums + (long long)pairs.from * offsets.groups + group);
}
