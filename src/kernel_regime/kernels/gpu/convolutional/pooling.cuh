// What enters and leaves a stage: pooled sums of pixel pairs, which the threads of one group alone add to.
//
// A pool of window w makes one pair of every w x w pixels of either image. The pair of rows (y, y + dy), dy = w·e + r, belongs
// to the vertical offset e of the next stage where y mod w + r < w ("near"), else to e + 1 ("far"); columns likewise. A
// group takes all dx = w·k + r of one k, so that its near sums belong to k (side 0), and its far ones to k + 1 (side 1): two
// groups add to every offset, each in an array of its own. Offsets are cyclic; vertical ones of 0 ≤ e and of e - height
// complement each other in one plane. The array between two stages, for every pair of images:
//
//   (sides, inputs of the next stage, vertical offsets, groups, height, width) of both kernels
//
// Vertical offsets come in ascending order, those that nobody has added to yet are written and not read: no zeros are needed.

// Offsets of one run of a stage.
struct Offsets {
  int groups, start, lowest, highest;     // groups, the horizontal offset of the first; vertical offsets
  int max_dy, max_dx, groups_in, slots_in;  // largest offsets of the input, groups that filled it, and its vertical offsets
  int next_max_dy, slots_out;               // the same of what leaves
};

// The plane of one vertical offset: where its rows lie, and where pooled sums go.
template <class S> struct Plane {
  int dy, top, height, steps, remainder;
  int slot[2];                 // of the near and the far vertical offset of the next stage
  bool wanted[2], untouched[2];

  // `newest`: the largest vertical offset of the next stage that has got sums.
  DEVICE Plane(int offset, const Offsets& offsets, int& newest) {
    dy = offset;
    top = S::circular ? 0 : dy < 0 ? -dy : 0;
    height = S::circular ? S::height : S::height - (dy < 0 ? -dy : dy);
    steps = height + (S::circular ? 2 : 1) * S::delay;
    const int near = floor_of(dy, S::window_y);
    remainder = dy - near * S::window_y;
    constexpr int HEIGHT = S::height / S::window_y;
    const bool all = 2 * offsets.next_max_dy + 1 >= HEIGHT;
    UNROLL for (int far = 0; far < 2; far++) {
      const int e = S::circular && all ? modulo(near + far, HEIGHT) : near + far;
      wanted[far] = all || (e <= offsets.next_max_dy && e >= -offsets.next_max_dy);
      untouched[far] = e > newest;
      slot[far] = modulo(e + offsets.next_max_dy, HEIGHT);
    }
    UNROLL for (int far = 0; far < 2; far++) {
      const int e = S::circular && all ? modulo(near + far, HEIGHT) : near + far;
      if (e > newest && (far == 0 || remainder > 0)) newest = e;
    }
  }

  // Whether a node that is `delay` rows behind the input of the stage has a row to compute, and which.
  template <int ROW> DEVICE bool holds(int step, int delay) const {
    if constexpr (ROW != ANY) return true;
    return S::circular ? step >= 2 * delay : step >= delay && step - delay < height;
  }
  template <int ROW> DEVICE Rows rows(int step, int delay) const {
    const int newest = top + step - (S::circular ? S::delay : 0);
    if constexpr (S::circular && ROW == ANY) {
      const int y = newest - delay;
      return {modulo(y, S::height), modulo(y + dy, S::height), 0, y >= 0 && y < S::height};
    }
    const int second = S::circular ? modulo(newest - S::delay + dy, S::height) + S::delay : newest + dy;
    return {newest, second, (ROW == ANY ? 0 : ROW) - delay, true};
  }
  // Where a run of full steps ends that begins with `step`: all nodes have rows there, those of the last one whole parts of a
  // window, and no column ends within reach of their filters.
  DEVICE int end_of_full(int step) const {
    constexpr int MARGIN = S::circular ? S::delay : 0, REACH = S::delay + S::rows + MARGIN;
    const int first = top + step - S::delay - MARGIN;
    int left = top + height - REACH - first;
    if constexpr (S::circular) {
      const int left_of_second = S::height - REACH - modulo(first + dy, S::height);
      left = left < left_of_second ? left : left_of_second;
    }
    return first < top || first % S::rows || left < 0 ? step : step + (left / S::rows + 1) * S::rows;
  }
  // 1, or 0 where another plane begins between two rows of a circular walk, the second below the first.
  DEVICE Number<S> open(int above, int below) const {
    for (int y = above + 1; y <= below; y++)
      if (modulo(y, S::height) == 0 || modulo(y + dy, S::height) == 0) return 0;
    return 1;
  }
};

// Pooled sums that enter a stage.
template <class S> struct Input {
  const Two<Number<S>>* sums[S::offsets][S::sides_in];  // of both sides; null where no group has filled any

  DEVICE void begin(const Thread<S>& thread, const Two<Number<S>>* in, int pair, int dy, const Offsets& offsets) {
    constexpr long long IMAGE = S::height * S::width;
    const long long side = IMAGE * offsets.groups_in * offsets.slots_in * S::inputs;
    const int slot = modulo(dy + offsets.max_dy, S::height);
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::sides_in; i++) {
      const int group = modulo(thread.dx + o + offsets.max_dx + 1 - i, S::width);
      const long long at = pair * S::sides_in * side + i * side + ((long long)slot * offsets.groups_in + group) * IMAGE;
      sums[o][i] = group < offsets.groups_in ? in + at + thread.column : nullptr;
    }
  }

  DEVICE void take(const Offsets& offsets, int channel, Rows rows, Tile<S>& tile) const {
    const long long image = (long long)channel * offsets.slots_in * offsets.groups_in * S::height * S::width;
    UNROLL for (int o = 0; o < S::offsets; o++) {
      UNROLL for (int i = 0; i < S::columns; i++) tile.nngp[o][i] = tile.tangent[o][i] = 0;
      UNROLL for (int s = 0; s < S::sides_in; s++) {
        if (sums[o][s] == nullptr) continue;
        const Two<Number<S>>* base = sums[o][s] + image + rows.base_first * S::width;
        const auto both = *(const Neighbours<Two<Number<S>>, S::columns>*)(base + rows.ahead * S::width);
        UNROLL for (int i = 0; i < S::columns; i++) {
          tile.nngp[o][i] += both.at[i].nngp;
          tile.tangent[o][i] += both.at[i].tangent;
        }
      }
    }
  }
};

// Pooled sums that leave a stage; CHANNEL says as which input of the next.
template <class S, int CHANNEL> struct Pool {
  static constexpr int WINDOWS = S::columns > S::window_x ? S::columns / S::window_x : 1;  // of a thread
  static constexpr int THREADS = S::window_x > S::columns ? S::window_x / S::columns : 1;    // of a window
  static constexpr int WIDTH = S::width / S::window_x, IMAGE = S::height / S::window_y * WIDTH;
  using Windows = Neighbours<Two<Number<S>>, WINDOWS>;
  Windows sums[2][S::sides];  // near or far rows, near or far columns
  Two<Number<S>>* place[2];   // of the thread's first window in row 0
  long long side_size;

  DEVICE void begin(const Thread<S>& thread, const Plane<S>& plane, const Offsets& offsets, Two<Number<S>>* out) {
    side_size = (long long)S::outputs * offsets.slots_out * offsets.groups * IMAGE;
    UNROLL for (int far = 0; far < 2; far++) {
      const long long slot = (long long)CHANNEL * offsets.slots_out + plane.slot[far];
      place[far] = out + slot * offsets.groups * IMAGE + thread.column / S::window_x;
      keep(place[far]);
    }
    keep(side_size);
  }

  template <int ROW> DEVICE void take(const Thread<S>& thread, const Plane<S>& plane, Rows rows, int turn, const Tile<S>& tile) {
    if (!rows.inside) return;
    constexpr bool KNOWN = ROW != ANY && S::rows == S::window_y;  // which of the window's rows this is
    const int within = KNOWN ? ROW : rows.first() % S::window_y, row = (unsigned)rows.first() / S::window_y;
    const bool begins = !KNOWN && rows.first() - within < plane.top;  // before the plane
    const int first = begins ? plane.top + within - rows.first() : 0;  // of the window's rows in the plane
    const bool far = within + plane.remainder >= S::window_y;
    UNROLL for (int side = 0; side < S::sides; side++)
    UNROLL for (int w = 0; w < WINDOWS; w++) {
      const Two<Number<S>> own = sum_of_row(thread, turn, tile, side, w);
      if constexpr (KNOWN) {
        if constexpr (ROW == 0) sums[0][side].at[w] = own;
        else add(sums[0][side].at[w], own, far ? 0 : 1);
        sums[1][side].at[w] = own;
      } else {
        if (within == first) sums[0][side].at[w] = sums[1][side].at[w] = {0, 0};
        add(sums[0][side].at[w], own, far ? 0 : 1);
        add(sums[1][side].at[w], own, far ? 1 : 0);
      }
    }
    const bool last = ROW == ANY && rows.first() == plane.top + plane.height - 1;
    if (within < S::window_y - 1 && !last) return;
    if (first + plane.remainder < S::window_y) give(thread, plane, 0, row);
    if (far) give(thread, plane, 1, row);
  }

  static DEVICE void add(Two<Number<S>>& sum, const Two<Number<S>>& own, Number<S> share) {
    sum.nngp += share * own.nngp;
    sum.tangent += share * own.tangent;
  }

  // Of a thread's columns that lie in window w, near or far.
  static DEVICE Two<Number<S>> sum_of_row(const Thread<S>& thread, int turn, const Tile<S>& tile, int side, int w) {
    Two<Number<S>> sum = {0, 0};
    bool begun = false;
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) {
      const int first = S::span == S::offsets ? o : turn + o;
      const int within = THREADS == 1 ? i % S::window_x : (thread.column + i) % S::window_x;
      if (i / S::window_x != w && THREADS == 1) continue;
      if ((within + first >= S::window_x) != (side == 1)) continue;
      sum = begun ? Two<Number<S>>{sum.nngp + tile.nngp[o][i], sum.tangent + tile.tangent[o][i]}
                  : Two<Number<S>>{tile.nngp[o][i], tile.tangent[o][i]};
      begun = true;
    }
    return sum;
  }

  // Behind the last row of a window, or of the plane: all threads of a warp together.
  DEVICE void give(const Thread<S>& thread, const Plane<S>& plane, int far, int row) {
    if (!plane.wanted[far]) return;
    UNROLL for (int side = 0; side < S::sides; side++)
    UNROLL for (int w = 0; w < WINDOWS; w++) {
      const Two<Number<S>> own = sums[far][side].at[w];
      UNROLL for (int i = 1; i < THREADS; i++) {
        sums[far][side].at[w].nngp += from_thread(own.nngp, thread.place + i);
        sums[far][side].at[w].tangent += from_thread(own.tangent, thread.place + i);
      }
    }
    if (!thread.counts || thread.index % THREADS) return;
    Two<Number<S>>* at = place[far] + (unsigned)row * WIDTH;
    if (!plane.untouched[far]) {
      Windows before[S::sides];  // all are asked for before the first is needed
      UNROLL for (int side = 0; side < S::sides; side++) before[side] = *(const Windows*)(at + side * side_size);
      UNROLL for (int side = 0; side < S::sides; side++)
      UNROLL for (int w = 0; w < WINDOWS; w++) add(sums[far][side].at[w], before[side].at[w], 1);
    }
    UNROLL for (int side = 0; side < S::sides; side++) *(Windows*)(at + side * side_size) = sums[far][side];
  }
};

// Sums over pixel pairs that lie in one window of the head.
template <class S> struct Head {
  Number<S> shared[S::offsets][S::columns];  // 1 where both columns do
  Two<Number<S>> plane;
  Two<double> total;

  DEVICE void turn_to(const Thread<S>& thread) {
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) {
      const int x = thread.column + i, met = (x + thread.dx + o) % S::width;
      shared[o][i] = x / S::window_x == met / S::window_x ? 1 : 0;
    }
  }

  DEVICE void take(Rows rows, const Tile<S>& tile) {
    if (!rows.inside || rows.first() / S::window_y != rows.second() / S::window_y) return;
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) {
      plane.nngp += shared[o][i] * tile.nngp[o][i];
      plane.tangent += shared[o][i] * tile.tangent[o][i];
    }
  }

  DEVICE void end_plane() {
    total.nngp += plane.nngp;
    total.tangent += plane.tangent;
    plane = {0, 0};
  }

  // Sums of all threads of a group, by its first.
  DEVICE void give(const Thread<S>& thread, Two<double>* sums) const {
    Two<double> all = total;
    UNROLL for (int i = 1; i < S::members; i++) {
      all.nngp += from_thread(total.nngp, thread.place + i);
      all.tangent += from_thread(total.tangent, thread.place + i);
    }
    if (thread.counts && thread.index == 0) *sums = all;
  }
};
