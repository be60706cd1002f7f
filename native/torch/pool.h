#pragma once
#include <ATen/ATen.h>

// Max pooling of 3×3 with stride 2 and padding 1, for tensors that is_bf16_rows
// holds for.
at::Tensor max_pool_3x3(const at::Tensor& x);
