// What the code of the stages takes from CUDA. The tests bring the same names for the host.

#define DEVICE __device__ __forceinline__
#define UNROLL _Pragma("unroll")

DEVICE float root(float x) {
  float y;
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));  // one rounding worse than the exact one, in one instruction
  return y;
}
DEVICE double root(double x) { return sqrt(x); }
DEVICE float not_negative(float x) { return __saturatef(x); }  // at most 1 too, as all of them are: part of what computes x
DEVICE double not_negative(double x) { return x < 0 ? 0 : x; }
DEVICE float exponential(float x) { return expf(x); }
DEVICE double exponential(double x) { return exp(x); }
DEVICE float exponential_minus_one(float x) { return expm1f(x); }
DEVICE double exponential_minus_one(double x) { return expm1(x); }

// Keeps a value in its register: the compiler would recompute it in every step.
DEVICE void keep(float& x) { asm volatile("" : "+f"(x)); }
DEVICE void keep(int& x) { asm volatile("" : "+r"(x)); }
DEVICE void keep(long long& x) { asm volatile("" : "+l"(x)); }
template <class T> DEVICE void keep(T*& x) {  // of the memory that all blocks share
  size_t address = __cvta_generic_to_global(x);
  asm volatile("" : "+l"(address));
  x = (T*)__cvta_global_to_generic(address);
}
DEVICE void keep(double& x) { asm volatile("" : "+d"(x)); }

template <class T> DEVICE T from_thread(T x, int thread) { return __shfl_sync(0xffffffffu, x, thread); }

DEVICE void* shared_memory() {
  extern __shared__ double2 bytes[];
  return bytes;
}
