// Dual activations: the NNGP becomes E[f f'], the tangent kernel Θ·E[df df'] + E[f f'].
//
// The formulas are those of `kernels.activation_steps`; a and b are the factors of the pixels of either image. ARCSINE is
// written by `activation_source`: P of arcsin(t) = πt P(√(1 - t²)).

template <class T> DEVICE T horner(T x, T constant) { return constant; }
template <class T, class... More> DEVICE T horner(T x, T constant, More... more) { return constant + x * horner(x, more...); }

DEVICE float half_turns(float t, float y) { return t * horner(y, ARCSINE_FLOAT); }
DEVICE double half_turns(double t, double y) { return t * horner(y, ARCSINE_DOUBLE); }
DEVICE float quarter_turn_slope(float y) { return horner(y, HALVED_ARCSINE_FLOAT); }
DEVICE double quarter_turn_slope(double y) { return horner(y, HALVED_ARCSINE_DOUBLE); }

template <class T> DEVICE T sine_of_angle(T t) { return root(not_negative(1 - t * t)); }
template <class T> DEVICE T divisor(T sine) { return sine > T(3e-19) ? sine : T(3e-19); }  // where 0 would divide
template <class T> DEVICE T size_of(T x) { return x < 0 ? -x : x; }
template <class T> DEVICE T with_sign_of(T x, T sign) { return sign < 0 ? -x : x; }  // x >= 0

template <class T> DEVICE void finish(T& nngp, T& tangent, T value, T slope) {
  nngp = value;
  tangent = tangent * slope + value;
}

template <class T> DEVICE void rectified_linear(T& nngp, T& tangent, const T* a, const T* b) {
  const T t = nngp * (a[1] * b[1]), y = sine_of_angle(t);
  const T slope = T(0.25) + t * quarter_turn_slope(y);
  finish(nngp, tangent, nngp * slope + a[0] * b[0] * y, slope);
}

template <class T> DEVICE void piecewise_linear(T& nngp, T& tangent, const T* a, const T* b, T mean, T kink) {
  const T t = nngp * (a[1] * b[1]), y = sine_of_angle(t);
  const T slope = mean + kink * half_turns(t, y);
  finish(nngp, tangent, nngp * slope + a[0] * b[0] * y, slope);
}

template <class T> DEVICE void jump(T& nngp, T& tangent, const T* a, const T* b, T level, T height) {
  const T t = nngp * (a[0] * b[0]);
  finish(nngp, tangent, level + height * half_turns(t, sine_of_angle(t)), T(0));
}

template <class T> DEVICE void error_function(T& nngp, T& tangent, const T* a, const T* b, T height, T level, T steepness) {
  const T scale = a[0] * b[0], t = nngp * scale, y = divisor(sine_of_angle(t));
  finish(nngp, tangent, height * half_turns(t, y) + level, steepness * scale / y);
}

template <class T> DEVICE void gelu(T& nngp, T& tangent, const T* a, const T* b, T factor) {
  const T scale = a[0] * b[0], t = nngp * scale, y = divisor(sine_of_angle(t)), over = 1 / y;
  const T turns = T(0.25) + T(0.5) * half_turns(t, y), part = scale * factor;
  const T value = nngp * turns + part * (t * t * over + a[1] * b[1] * y);
  finish(nngp, tangent, value, turns + part * scale * (over * over + (a[1] + b[1] + 2)) * t * over);
}

template <class T> DEVICE void gaussian(T& nngp, T& tangent, const T* a, const T* b, T height, T twice) {
  const T scale = a[0] * b[0], t = nngp * scale * twice, over = 1 / divisor(sine_of_angle(t)), value = height * scale * over;
  finish(nngp, tangent, value, twice * t * scale * value * over * over);
}

template <class T> DEVICE void gabor(T& nngp, T& tangent, const T* a, const T* b) {
  const T size = size_of(nngp), square = nngp * nngp, sums = a[0] + b[0], product = a[0] * b[0];
  const T fourth = 4 * (product - square), over = 1 / (1 + 2 * sums + fourth);
  const T near = T(0.5) * root(over) * exponential(T(-0.5) * over * (sums + fourth - 2 * size));
  const T decay = exponential_minus_one(-2 * size * over);
  const T shared = 1 + 2 * sums + 4 * (product + square), odd = 4 * size * (fourth + 3 * sums + 2);
  const T slope = near * over * over * (2 * shared + decay * (shared - odd));
  finish(nngp, tangent, with_sign_of(near * -decay, nngp), slope);
}

template <class T> DEVICE void sine(T& nngp, T& tangent, const T* a, const T* b, T square, T even, T odd) {
  const T product = nngp * square, size = size_of(product);
  const T half = T(0.5) * exponential(size - (a[0] + b[0])), decay = exponential_minus_one(-2 * size);
  const T cosh = half * (2 + decay), sinh = with_sign_of(half * -decay, product);
  finish(nngp, tangent, even * cosh + odd * sinh, square * (even * sinh + odd * cosh));
}

template <class T> DEVICE void exponential_sum(T& nngp, T& tangent, const T* a, const T* b, T height, T rate) {
  const T value = height * exponential(a[0] + b[0] + rate * nngp);
  finish(nngp, tangent, value, rate * value);
}

template <class T> DEVICE void normalised_exponential(T& nngp, T& tangent, const T* a, const T* b, T rate, T shift) {
  const T value = exponential(rate * nngp * (a[1] * b[1]) + shift);
  finish(nngp, tangent, a[0] * b[0] * value, rate * value);
}

// An activation A of one pixel pair, with `factors` numbers of every pixel, on a tile.
template <class A, class S> DEVICE void activate(const Thread<S>& thread, Rows rows, int plane, Tile<S>& tile) {
  Columns<S> first[A::factors];
  Reached<S> second[A::factors];
  UNROLL for (int f = 0; f < A::factors; f++) {
    thread.first(rows, plane + f, first[f]);
    thread.second(rows, plane + f, second[f]);
  }
  UNROLL for (int o = 0; o < S::offsets; o++)
  UNROLL for (int i = 0; i < S::columns; i++) {
    Number<S> a[A::factors], b[A::factors];
    UNROLL for (int f = 0; f < A::factors; f++) a[f] = first[f][i], b[f] = second[f][i + o];
    A::apply(tile.nngp[o][i], tile.tangent[o][i], a, b);
  }
}

// A Hermite series: FACTORS numbers of every pixel, of which the first two are 1/σ and the constant term.
template <int FACTORS, int LOWEST, int STRIDE, class S>
DEVICE void activate_series(const Thread<S>& thread, Rows rows, int plane, Tile<S>& tile) {
  Number<S> power[S::offsets][S::columns], total[S::offsets][S::columns], slope[S::offsets][S::columns];
  Number<S> t[S::offsets][S::columns];
  Columns<S> a;
  Reached<S> b;
  thread.first(rows, plane, a);
  thread.second(rows, plane, b);
  UNROLL for (int o = 0; o < S::offsets; o++)
  UNROLL for (int i = 0; i < S::columns; i++) {
    t[o][i] = tile.nngp[o][i] * (a[i] * b[i + o]);
    power[o][i] = STRIDE == 1 ? t[o][i] : t[o][i] * t[o][i];
    total[o][i] = slope[o][i] = 0;
  }
#pragma unroll 1
  for (int n = FACTORS - 1; n > 1; n--) {
    thread.first(rows, plane + n, a);
    thread.second(rows, plane + n, b);
    UNROLL for (int o = 0; o < S::offsets; o++)
    UNROLL for (int i = 0; i < S::columns; i++) {
      slope[o][i] = slope[o][i] * power[o][i] + total[o][i];
      total[o][i] = total[o][i] * power[o][i] + a[i] * b[i + o];
    }
  }
  thread.first(rows, plane + 1, a);
  thread.second(rows, plane + 1, b);
  UNROLL for (int o = 0; o < S::offsets; o++)
  UNROLL for (int i = 0; i < S::columns; i++) {
    const Number<S> lowest = LOWEST == 1 ? Number<S>(1) : t[o][i];
    const Number<S> value = a[i] * b[i + o] + tile.nngp[o][i] * lowest * total[o][i];
    finish(tile.nngp[o][i], tile.tangent[o][i], value, lowest * (LOWEST * total[o][i] + STRIDE * power[o][i] * slope[o][i]));
  }
}
