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
  DEVICE bool holds(int step, int delay) const {
    return S::circular ? step >= 2 * delay : step >= delay && step - delay < height;
  }
  DEVICE Rows rows(int step, int delay) const {
    const int y = step - delay - (S::circular ? S::delay : 0);
    if constexpr (S::circular) return {modulo(y, S::height), modulo(y + dy, S::height), y >= 0 && y < S::height};
    else return {top + y, top + y + dy, true};
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
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) {
      tile.nngp[o][i] = tile.tangent[o][i] = 0;
      UNROLL for (int s = 0; s < S::sides_in; s++) {
        if (sums[o][s] == nullptr) continue;
        const Two<Number<S>> both = sums[o][s][image + rows.first * S::width + i];
        tile.nngp[o][i] += both.nngp;
        tile.tangent[o][i] += both.tangent;
      }
    }
  }
};

// Pooled sums that leave a stage; CHANNEL says as which input of the next.
template <class S, int CHANNEL> struct Pool {
  static constexpr int WINDOWS = S::columns > S::window_x ? S::columns / S::window_x : 1;  // of a thread
  static constexpr int THREADS = S::window_x > S::columns ? S::window_x / S::columns : 1;    // of a window
  static constexpr int WIDTH = S::width / S::window_x, IMAGE = S::height / S::window_y * WIDTH;
  Two<Number<S>> sums[2][S::sides][WINDOWS];  // far or near rows, far or near columns
  bool touched[2];

  DEVICE void clear() {
    UNROLL for (int far = 0; far < 2; far++) {
      touched[far] = false;
      UNROLL for (int side = 0; side < S::sides; side++)
      UNROLL for (int w = 0; w < WINDOWS; w++) sums[far][side][w] = {0, 0};
    }
  }

  DEVICE void take(const Thread<S>& thread, const Plane<S>& plane, Rows rows, int turn, const Tile<S>& tile) {
    if (!rows.inside) return;
    const bool far = rows.first % S::window_y + plane.remainder >= S::window_y;
    if (far) add_to<1>(thread, turn, tile);
    else add_to<0>(thread, turn, tile);
  }

  template <int FAR> DEVICE void add_to(const Thread<S>& thread, int turn, const Tile<S>& tile) {
    touched[FAR] = true;
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) {
      const int first = S::span == S::offsets ? o : turn + o;
      const int within = THREADS == 1 ? i % S::window_x : (thread.column + i) % S::window_x;
      UNROLL for (int side = 0; side < S::sides; side++) {
        if ((within + first >= S::window_x) != (side == 1)) continue;
        sums[FAR][side][i / S::window_x].nngp += tile.nngp[o][i];
        sums[FAR][side][i / S::window_x].tangent += tile.tangent[o][i];
      }
    }
  }

  // Behind the last row of a window, or of the plane: all threads of a warp together.
  DEVICE void give(const Thread<S>& thread, const Plane<S>& plane, Rows rows, const Offsets& offsets, Two<Number<S>>* out) {
    const bool last = rows.first == plane.top + plane.height - 1;
    if (!rows.inside || (rows.first % S::window_y != S::window_y - 1 && !last)) return;
    const long long side_size = (long long)S::outputs * offsets.slots_out * offsets.groups * IMAGE;
    UNROLL for (int far = 0; far < 2; far++) {
      if (!touched[far] || !plane.wanted[far]) continue;
      UNROLL for (int side = 0; side < S::sides; side++)
      UNROLL for (int w = 0; w < WINDOWS; w++) {
        const Two<Number<S>> own = sums[far][side][w];
        Two<Number<S>> total = own;
        UNROLL for (int i = 1; i < THREADS; i++) {
          total.nngp += from_thread(own.nngp, thread.place + i);
          total.tangent += from_thread(own.tangent, thread.place + i);
        }
        const long long slot = (long long)CHANNEL * offsets.slots_out + plane.slot[far];
        const long long row = rows.first / S::window_y * WIDTH + thread.column / S::window_x + w;
        Two<Number<S>>* place = out + side * side_size + slot * offsets.groups * IMAGE + row;
        if (thread.counts && thread.index % THREADS == 0) {
          if (!plane.untouched[far]) total = {place->nngp + total.nngp, place->tangent + total.tangent};
          *place = total;
        }
      }
    }
    clear();
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
    if (!rows.inside || rows.first / S::window_y != rows.second / S::window_y) return;
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
