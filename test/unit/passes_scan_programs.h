// Recurrences of all shapes, each with gradients: what differentiation and scheduling are tested
// on.
#pragma once

namespace netc {

/// `FLOAT` stands for a float type. `text` is the graph without its first line and brace.
struct ScanProgram {
  const char* name;
  const char* inputs;
  const char* text;
};

inline constexpr ScanProgram scan_programs[] = {
    {"rnn", "%x: FLOAT[N, 5, 2], %h0: FLOAT[N, 4]", R"(
  param @wx: FLOAT[2, 4] init zeros
  param @wh: FLOAT[4, 4] init zeros
  %z[t: 5, n: N, u: 4] = sum[i] %x[n, t, i] * @wx[i, u]
  scan t: 5 carries %h: FLOAT[5, N, 4] {
    %before[t: 5, n, u] = (%h[t - 1, n, u] else %h0[n, u])
    %p[t, n, u] = sum[k] %before[t, n, k] * @wh[k, u]
    %h[t, n, u] = tanh(%z[t, n, u] + %p[t, n, u])
  }
  %loss = sum[t, n, u] %h[t, n, u] * %h[t, n, u]
  %d.x, %d.h0, %d.wx, %d.wh = gradient %loss by %x, %h0, @wx, @wh
  loss = %loss
  gradient x = %d.x
  gradient h0 = %d.h0
  gradient wx = %d.wx
  gradient wh = %d.wh
)"},
    {"lstm_of_its_last_state", "%x: FLOAT[N, 4, 3]", R"(
  param @wx: FLOAT[3, 20] init zeros
  param @wh: FLOAT[5, 20] init zeros
  param @b: FLOAT[20] init zeros
  %z[t: 4, n: N, g: 20] = @b[g] + sum[i] %x[n, t, i] * @wx[i, g]
  scan t: 4 carries %h: FLOAT[4, N, 5], %c: FLOAT[4, N, 5] {
    %h.before[t: 4, n: N, u: 5] = (%h[t - 1, n, u] else 0)
    %c.before[t: 4, n: N, u: 5] = (%c[t - 1, n, u] else 0)
    %p[t, n, g] = sum[k] %h.before[t, n, k] * @wh[k, g]
    %s[t, n, g] = %z[t, n, g] + %p[t, n, g]
    %i[t, n, u: 5] = sigmoid(%s[t, n, u])
    %f[t, n, u: 5] = sigmoid(%s[t, n, u + 5])
    %g[t, n, u: 5] = tanh(%s[t, n, u + 10])
    %o[t, n, u: 5] = sigmoid(%s[t, n, u + 15])
    %c[t, n, u] = %f[t, n, u] * %c.before[t, n, u] + %i[t, n, u] * %g[t, n, u]
    %h[t, n, u] = %o[t, n, u] * tanh(%c[t, n, u])
  }
  %loss = sum[n, u] %h[3, n, u] * %h[3, n, u]
  %d.x, %d.wx, %d.wh, %d.b = gradient %loss by %x, @wx, @wh, @b
  loss = %loss
  gradient x = %d.x
  gradient wx = %d.wx
  gradient wh = %d.wh
  gradient b = %d.b
)"},
    {"backwards_with_a_product_of_what_is_carried", "%x: FLOAT[N, 4, 3]", R"(
  param @w: FLOAT[3, 3] init zeros
  scan t: 4 reversed carries %h: FLOAT[4, N, 3] {
    %before[t: 4, n: N, u: 3] = (%h[t + 1, n, u] else 1)
    %r[t, n, u] = sigmoid(%before[t, n, u])
    %q[t, n, u] = %r[t, n, u] * %before[t, n, u]
    %p[t, n, u] = sum[k] %q[t, n, k] * @w[k, u]
    %h[t, n, u] = (1 - %r[t, n, u]) * %x[n, t, u] + %r[t, n, u] * tanh(%p[t, n, u])
  }
  %y[n, t, u] = %h[t, n, u]
  %loss = sum[n, t, u] exp(%y[n, t, u])
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  output y = %y
  gradient x = %d.x
  gradient w = %d.w
)"},
    {"a_scan_in_a_scan", "%x: FLOAT[N, 3, 4]", R"(
  param @w: FLOAT[2, 2] init zeros
  param @v: FLOAT[2] init zeros
  scan t: 3 carries %h: FLOAT[3, 4, N, 2], %g: FLOAT[3, N, 2] {
    %g.before[t: 3, n: N, u: 2] = (%g[t - 1, n, u] else 0)
    scan s: 4 {
      %h.before[t, s: 4, n, u] = (%h[t, s - 1, n, u] else %g.before[t, n, u])
      %p[t, s, n, u] = sum[k] %h.before[t, s, n, k] * @w[k, u]
      %h[t, s, n, u] = tanh(%p[t, s, n, u] + %x[n, t, s] * @v[u])
    }
    %g[t, n, u] = %g.before[t, n, u] / 2 + %h[t, 3, n, u]
  }
  %loss = sum[n, u] %g[2, n, u] * %g[2, n, u]
  %d.x, %d.w, %d.v = gradient %loss by %x, @w, @v
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
  gradient v = %d.v
)"},
    {"one_scan_reads_another", "%x: FLOAT[N, 4, 2]", R"(
  param @w: FLOAT[2, 2] init zeros
  param @v: FLOAT[2, 2] init zeros
  scan t: 4 carries %a: FLOAT[4, N, 2] {
    %a.before[t: 4, n: N, u: 2] = (%a[t - 1, n, u] else 0)
    %p[t, n, u] = sum[k] %a.before[t, n, k] * @w[k, u]
    %a[t, n, u] = tanh(%p[t, n, u] + %x[n, t, u])
  }
  %z[t, n, u] = sum[k] %a[t, n, k] * @v[k, u]
  scan t: 4 carries %b: FLOAT[4, N, 2] {
    %b.before[t: 4, n: N, u: 2] = (%b[t - 1, n, u] else %a[3, n, u])
    %b[t, n, u] = sin(%z[t, n, u] + %b.before[t, n, u])
  }
  %loss = sum[t, n, u] %b[t, n, u] * %a[t, n, u]
  %d.x, %d.w, %d.v = gradient %loss by %x, @w, @v
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
  gradient v = %d.v
)"},
    {"gradient_of_a_gradient", "%x: FLOAT[N, 3, 2]", R"(
  param @w: FLOAT[2, 2] init zeros
  scan t: 3 carries %h: FLOAT[3, N, 2] {
    %before[t: 3, n: N, u: 2] = (%h[t - 1, n, u] else 0)
    %p[t, n, u] = sum[k] %before[t, n, k] * @w[k, u]
    %h[t, n, u] = tanh(%p[t, n, u] + %x[n, t, u])
  }
  %first = sum[t, n, u] %h[t, n, u] * %h[t, n, u]
  %g = gradient %first by %x
  %loss = sum[n, t, u] %g[n, t, u] * %g[n, t, u]
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)"},
    {"reads_of_itself", "%x: FLOAT[N, 6]", R"(
  param @w: FLOAT[6] init zeros
  scan t: 6 carries %h: FLOAT[6, N] {
    %h[t: 6, n: N] = sin(@w[t] * (%h[t - 1, n] else %x[n, 0]) + %x[n, t] * (%h[t - 2, n] else 1))
  }
  %loss = sum[t, n] %h[t, n] * %x[n, 5 - t]
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)"},
    {"maxima_reshapes_and_concats", "%x: FLOAT[N, 3, 4]", R"(
  param @w: FLOAT[8, 4] init zeros
  scan t: 3 carries %h: FLOAT[3, N, 4] {
    %before[t: 3, n: N, u: 4] = (%h[t - 1, n, u] else 0.25)
    %xt[t: 3, n, u] = %x[n, t, u]
    %both = concat %before, %xt axis 2
    %p[t, n, u] = sum[k] %both[t, n, k] * @w[k, u]
    %square: FLOAT[3, N, 2, 2] = reshape %p
    %top[t, n, a] = max[b] %square[t, n, a, b]
    %least[t, n, b] = min[a] %square[t, n, a, b]
    %outer[t, n, a, b] = tanh(%top[t, n, a] - %least[t, n, b])
    %h: FLOAT[3, N, 4] = reshape %outer
  }
  %loss = sum[t, n, u] %h[t, n, u] * %h[t, n, u]
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)"},
    {"places_computed_from_data", "%x: FLOAT[N, 3], %k: i32[N, 3] in 0..4", R"(
  param @table: FLOAT[4, 2] init zeros
  scan t: 3 carries %h: FLOAT[3, N, 2] {
    %before[t: 3, n: N, u: 2] = (%h[t - 1, n, u] else 0)
    %at[t, n] = argmax[u] %before[t, n, u]
    %e[t, n, u: 2] = @table[%k[n, t], u] * %before[t, n, %at[t, n]] + %x[n, t]
    %h[t, n, u] = sin(%e[t, n, u] + FLOAT(u))
  }
  %loss = sum[t, n, u] %h[t, n, u] * %h[t, n, u]
  %d.x, %d.table = gradient %loss by %x, @table
  loss = %loss
  gradient x = %d.x
  gradient table = %d.table
)"},
};

}  // namespace netc
