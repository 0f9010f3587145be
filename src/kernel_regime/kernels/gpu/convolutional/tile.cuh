// What a thread holds of the plane of pixel pairs (p, p + offset): a tile of neighbouring columns at neighbouring offsets.
//
// A group of threads spans the columns of the first image and walks down its rows. Columns of the second image are cyclic, so
// that the planes of dx and dx - width share full rows; where they meet, filters with zero padding do not look across.
// A shape S holds the constants of a stage, see `stage_shape.StageShape`.

template <class S> using Number = typename S::number;
template <class S> using Columns = Number<S>[S::columns];
template <class S> using Reached = Number<S>[S::columns + S::offsets - 1];  // columns of the second image that a tile meets

template <class T> struct alignas(2 * sizeof(T)) Two { T nngp, tangent; };

// Neighbours that are read and written together, as far as 16 bytes of memory hold them.
DEVICE constexpr int together(int number, int size) {
  return number % 4 == 0 && 4 * size <= 16 ? 4 : number % 2 == 0 && 2 * size <= 16 ? 2 : 1;
}
template <class T, int N> struct alignas(together(N, sizeof(T)) * sizeof(T)) Neighbours { T at[N]; };

// The NNGP, and the tangent kernel: that of Gaussian values, or with the NNGP behind activations.
template <class S> struct Tile { Number<S> nngp[S::offsets][S::columns], tangent[S::offsets][S::columns]; };

DEVICE int floor_of(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
DEVICE int modulo(int a, int b) { return a - b * floor_of(a, b); }

// A row of pixel pairs: one row of either image. In full steps `ahead` is a constant of the code, which goes into addresses.
struct Rows {
  int base_first, base_second, ahead;
  bool inside;  // no part of the margin that circular filters need once more

  DEVICE int first() const { return base_first + ahead; }
  DEVICE int second() const { return base_second + ahead; }
};

// Where neither ends nor seams of columns are in reach, the walk takes full steps of S::rows rows: ROW counts them, and is ANY in
// a step of one row that only some nodes may have.

constexpr int ANY = -1;

// Row `ROW` for a node that is ahead of the last one.
DEVICE constexpr int ahead(int row, int rows, int number) { return row == ANY ? ANY : (row + number) % rows; }

template <class S> struct Thread {
  const Number<S>*image1, *image2;  // rows of planes of numbers, see `device_images`
  int place, index, column;         // in the warp; in the group; its first column
  int left, right;                  // threads of the neighbouring columns
  int dx, reached[S::columns + S::offsets - 1];
  Number<S> open[S::offsets][S::columns + 1];  // 1 between two neighbours of one plane, to the left of every column
  int counts;                                  // 0 for threads that are left over

  DEVICE void turn_to(int offset) {
    dx = modulo(offset, S::width);
    UNROLL for (int i = 0; i < S::columns + S::offsets - 1; i++) reached[i] = (column + dx + i) % S::width;
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i <= S::columns; i++) {
      const int x = column + i, seam = S::width - (dx + o) % S::width;
      open[o][i] = x == 0 || x == S::width || x == seam ? 0 : 1;
      keep(open[o][i]);
    }
  }

  DEVICE void first(Rows rows, int plane, Columns<S>& values) const {
    const Number<S>* row = image1 + rows.base_first * S::row + column + (rows.ahead * S::row + plane * S::width);
    const auto found = *(const Neighbours<Number<S>, S::columns>*)row;
    UNROLL for (int i = 0; i < S::columns; i++) values[i] = found.at[i];
  }

  DEVICE void second(Rows rows, int plane, Reached<S>& values) const {
    constexpr int TOGETHER = S::columns % 2 == 0 && S::offsets == 2 ? 2 : 1;  // if two, dx is even too
    const Number<S>* row = image2 + rows.base_second * S::row;
    const int at = rows.ahead * S::row + plane * S::width;
    UNROLL for (int i = 0; i < S::columns / TOGETHER; i++) {
      const auto found = *(const Neighbours<Number<S>, TOGETHER>*)(row + reached[i * TOGETHER] + at);
      UNROLL for (int j = 0; j < TOGETHER; j++) values[i * TOGETHER + j] = found.at[j];
    }
    UNROLL for (int i = S::columns; i < S::columns + S::offsets - 1; i++) values[i] = (row + reached[i])[at];
  }
};

// Inner products of the pixels of both images.
template <int CHANNELS, class S> DEVICE void multiply_pixels(const Thread<S>& thread, Rows rows, Tile<S>& tile) {
  UNROLL for (int c = 0; c < CHANNELS; c++) {
    Columns<S> a;
    Reached<S> b;
    thread.first(rows, c, a);
    thread.second(rows, c, b);
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) {
      tile.nngp[o][i] = c == 0 ? a[i] * b[i + o] : tile.nngp[o][i] + a[i] * b[i + o];
      tile.tangent[o][i] = tile.nngp[o][i];
    }
  }
}

// Sums over a filter: of a column as rows come in, `SIZE_Y / 2` rows behind; then of a row.
template <class S, int SIZE_Y, int SIZE_X, bool CIRCULAR> struct Filter {
  static constexpr bool SEAMS = S::circular && !CIRCULAR && SIZE_Y > 1;  // a walk across planes, which it must not mix
  Number<S> above[SIZE_Y > 1 ? SIZE_Y - 1 : 1][S::offsets][S::columns];  // sums that are still to be completed

  DEVICE void clear() {
    UNROLL for (int j = 0; j < SIZE_Y - 1; j++)
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) above[j][o][i] = 0;
  }

  // Row y of the source comes in.
  template <int ROW, class Plane>
  DEVICE void down(const Plane& plane, int y, const Number<S> (&in)[S::offsets][S::columns], Number<S> (&out)[S::offsets][S::columns]) {
    Number<S> adds[SIZE_Y];  // to the sum j - SIZE_Y / 2 rows below
    UNROLL for (int j = 0; j < SIZE_Y; j++) {
      const int row = y + j - SIZE_Y / 2;
      adds[j] = SEAMS && ROW == ANY ? plane.open(row < y ? row : y, row < y ? y : row) : 1;
    }
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) {
      const Number<S> x = in[o][i];
      if constexpr (SIZE_Y == 1) {
        out[o][i] = x;
      } else {
        out[o][i] = above[0][o][i] + adds[0] * x;
        UNROLL for (int j = 0; j + 2 < SIZE_Y; j++) above[j][o][i] = above[j + 1][o][i] + adds[j + 1] * x;
        above[SIZE_Y - 2][o][i] = adds[SIZE_Y - 1] * x;
      }
    }
  }

  // All threads of a warp together.
  static DEVICE void across(const Thread<S>& thread, Number<S> (&values)[S::offsets][S::columns]) {
    constexpr int LAST = S::columns - 1;
    UNROLL for (int o = 0; o < S::offsets; o++) {
      Columns<S> total, from_left, from_right;
      UNROLL for (int i = 0; i <= LAST; i++) total[i] = from_left[i] = from_right[i] = values[o][i];
      UNROLL for (int step = 0; step < SIZE_X / 2; step++) {
        const Number<S> next_left = from_thread(from_left[LAST], thread.left), next_right = from_thread(from_right[0], thread.right);
        UNROLL for (int i = LAST; i >= 0; i--) {
          const Number<S> x = i ? from_left[i ? i - 1 : 0] : next_left;
          from_left[i] = CIRCULAR ? x : x * thread.open[o][i];
          total[i] += from_left[i];
        }
        UNROLL for (int i = 0; i <= LAST; i++) {
          const Number<S> x = i < LAST ? from_right[i < LAST ? i + 1 : i] : next_right;
          from_right[i] = CIRCULAR ? x : x * thread.open[o][i + 1];
          total[i] += from_right[i];
        }
      }
      UNROLL for (int i = 0; i <= LAST; i++) values[o][i] = total[i];
    }
  }
};

// Rows of a tile, some steps later.
template <class S, int STEPS> struct Delay {
  Tile<S> kept[STEPS];

  DEVICE Tile<S> pass(const Tile<S>& tile) {
    const Tile<S> oldest = kept[0];
    UNROLL for (int j = 0; j + 1 < STEPS; j++) kept[j] = kept[j + 1];
    kept[STEPS - 1] = tile;
    return oldest;
  }
};

template <class S> DEVICE void scale(Number<S> (&values)[S::offsets][S::columns], Number<S> weight, Number<S> bias) {
  UNROLL for (int o = 0; o < S::offsets; o++)
  UNROLL for (int i = 0; i < S::columns; i++) values[o][i] = values[o][i] * weight + bias;
}

template <class S> DEVICE void add(Tile<S>& tile, const Tile<S>& other) {
  UNROLL for (int o = 0; o < S::offsets; o++)
  UNROLL for (int i = 0; i < S::columns; i++) {
    tile.nngp[o][i] += other.nngp[o][i];
    tile.tangent[o][i] += other.tangent[o][i];
  }
}

// Gaussian values: the tangent kernel gets the NNGP.
template <class S> DEVICE void add_nngp(Tile<S>& tile) {
  UNROLL for (int o = 0; o < S::offsets; o++)
  UNROLL for (int i = 0; i < S::columns; i++) tile.tangent[o][i] += tile.nngp[o][i];
}

template <class S> DEVICE void copy_nngp(Tile<S>& tile) {
  UNROLL for (int o = 0; o < S::offsets; o++)
  UNROLL for (int i = 0; i < S::columns; i++) tile.tangent[o][i] = tile.nngp[o][i];
}
