// A small C interface over GDCM (Grassroots DICOM): one compressed frame in, its
// samples out.
//
// Rules. magn_gdcm_decode returns 0, or 1 after it has written a message into
// err (errlen bytes, always terminated); no C++ exception crosses. Data crosses by
// copy into buffers of the caller. The library keeps no state between calls.
// While a call runs, descriptors 1 and 2 of the process lead into memory, since
// the libraries below print there, and the signals of a crash end the process
// after what was printed went to the real descriptor 2. Hence the caller is
// a process that does nothing else, and calls come one at a time.
#pragma once
#include <cstdint>

#define MAGN_GDCM_ABI 1

#define MAGN_API extern "C" __attribute__((visibility("default")))

typedef int64_t len;

// What the image is, by the codestream's own header, and the bits that one
// sample shall have in the output.
enum { MAGN_COLUMNS, MAGN_ROWS, MAGN_SAMPLES, MAGN_PRECISION, MAGN_SIGNED, MAGN_ALLOCATED, MAGN_IMAGE_FIELDS };

MAGN_API int32_t magn_gdcm_abi();
MAGN_API int32_t magn_gdcm_version(char* out, len outlen);

// Decodes one frame of JPEG (50, 51, 57, 70), JPEG-LS (80, 81) or JPEG 2000 (90,
// 91), the last digits of the transfer syntax's UID. out gets the components as
// they are in the codestream, with JPEG 2000's own component transform undone and
// no other conversion of colours: interleaved, little-endian, each sample in
// ALLOCATED bits (8, 16 or 32), extended by its sign where SIGNED. outlen must be
// ROWS*COLUMNS*SAMPLES*ALLOCATED/8. GDCM's own reading of the header must agree
// with image, or nothing is decoded.
MAGN_API int32_t magn_gdcm_decode(const char* transfer_syntax, const uint8_t* data, len datalen, const int64_t* image, uint8_t* out, len outlen, char* err, len errlen);
