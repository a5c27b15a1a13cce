// Include first. Distances must have the same bits on every instruction set and in torch, so that
// ties are ties everywhere: no fused multiply-add in this file.
#pragma once

#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
