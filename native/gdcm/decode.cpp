#include <gdcmDataElement.h>
#include <gdcmFragment.h>
#include <gdcmJPEG2000Codec.h>
#include <gdcmJPEGCodec.h>
#include <gdcmJPEGLSCodec.h>
#include <gdcmSequenceOfFragments.h>
#include <gdcmTransferSyntax.h>
#include <gdcmVersion.h>

#include <cstring>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "capture.h"
#include "magn_gdcm.h"

namespace {

void say(const std::string& what, char* err, len errlen) {
  if (err == nullptr || errlen <= 0) return;
  const size_t n = std::min(what.size(), static_cast<size_t>(errlen) - 1);
  std::memcpy(err, what.data(), n);
  err[n] = 0;
}

std::unique_ptr<gdcm::ImageCodec> codec_of(const char* uid) {
  const gdcm::TransferSyntax ts(gdcm::TransferSyntax::GetTSType(uid));
  std::unique_ptr<gdcm::ImageCodec> jpeg(new gdcm::JPEGCodec), jls(new gdcm::JPEGLSCodec);
  if (jpeg->CanDecode(ts)) return jpeg;
  if (jls->CanDecode(ts)) return jls;
  std::unique_ptr<gdcm::JPEG2000Codec> j2k(new gdcm::JPEG2000Codec);
  if (!j2k->CanDecode(ts)) throw std::runtime_error(std::string("transfer syntax ") + uid + " is not one that this library decodes");
  j2k->SetNumberOfThreadsForDecompression(0);  // the caller runs several processes
  return j2k;
}

// prepare tells a codec what the image is. Photometric interpretation is only how
// many samples there are: with these two values GDCM converts no colours.
void prepare(gdcm::ImageCodec& codec, const int64_t* image, int p) {
  const unsigned dims[3] = {static_cast<unsigned>(image[MAGN_COLUMNS]), static_cast<unsigned>(image[MAGN_ROWS]), 1};
  // 12 is how GDCM calls the 12-bit JPEG library; samples still come in 16 bits.
  const bool jpeg = dynamic_cast<gdcm::JPEGCodec*>(&codec) != nullptr;
  const int allocated = p <= 8 ? 8 : jpeg && p <= 12 ? 12 : p <= 16 ? 16 : 32;
  codec.SetNumberOfDimensions(2);
  codec.SetDimensions(dims);
  codec.SetPlanarConfiguration(0);
  codec.SetPhotometricInterpretation(image[MAGN_SAMPLES] == 1 ? gdcm::PhotometricInterpretation::MONOCHROME2 : gdcm::PhotometricInterpretation::RGB);
  codec.SetPixelFormat(gdcm::PixelFormat(static_cast<unsigned short>(image[MAGN_SAMPLES]), static_cast<unsigned short>(allocated),
                                         static_cast<unsigned short>(p), static_cast<unsigned short>(p - 1), static_cast<unsigned short>(image[MAGN_SIGNED])));
}

std::string words(const unsigned* dims, const gdcm::PixelFormat& f) {
  std::ostringstream s;
  s << dims[0] << "x" << dims[1] << ", " << f.GetSamplesPerPixel() << " samples of " << f.GetBitsStored() << (f.GetPixelRepresentation() ? " bits, signed" : " bits, unsigned");
  return s.str();
}

// agree reads the header as GDCM does. Its decoders write as much as the
// codestream says into buffers as large as the fields say.
void agree(const char* uid, const uint8_t* data, len datalen, const int64_t* image) {
  const auto expected = codec_of(uid), found = codec_of(uid);
  const int p = static_cast<int>(image[MAGN_PRECISION]);
  prepare(*expected, image, p);
  prepare(*found, image, p);
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(datalen)));
  gdcm::TransferSyntax ts;
  if (!found->GetHeaderInfo(in, ts)) throw std::runtime_error("GDCM cannot read the codestream's header");
  const std::string want = words(expected->GetDimensions(), expected->GetPixelFormat());
  const std::string got = words(found->GetDimensions(), found->GetPixelFormat());
  if (want != got) throw std::runtime_error("GDCM reads " + got + " in the codestream's header, expected " + want);
}

template <class In, class Out>
void widen_as(const char* from, uint8_t* to, size_t n) {
  for (size_t i = 0; i < n; i++) {
    In v;
    std::memcpy(&v, from + i * sizeof(In), sizeof v);
    const Out w = static_cast<Out>(v);
    std::memcpy(to + i * sizeof(Out), &w, sizeof w);
  }
}

void widen(const char* from, size_t from_bytes, uint8_t* to, size_t to_bytes, size_t n, bool is_signed) {
  if (from_bytes == to_bytes) std::memcpy(to, from, n * to_bytes);
  else if (from_bytes == 1 && to_bytes == 2) is_signed ? widen_as<int8_t, int16_t>(from, to, n) : widen_as<uint8_t, uint16_t>(from, to, n);
  else if (from_bytes == 1 && to_bytes == 4) is_signed ? widen_as<int8_t, int32_t>(from, to, n) : widen_as<uint8_t, uint32_t>(from, to, n);
  else if (from_bytes == 2 && to_bytes == 4) is_signed ? widen_as<int16_t, int32_t>(from, to, n) : widen_as<uint16_t, uint32_t>(from, to, n);
  else throw std::runtime_error("a sample of the codestream does not fit into the output");
}

void decode(const char* uid, const uint8_t* data, len datalen, const int64_t* image, uint8_t* out, len outlen) {
  const int64_t n = image[MAGN_ROWS] * image[MAGN_COLUMNS] * image[MAGN_SAMPLES];
  const int64_t p = image[MAGN_PRECISION], to = image[MAGN_ALLOCATED] / 8;
  if (n <= 0 || p < 1 || p > 32 || n * to != outlen) throw std::runtime_error("the output does not have the size of the image");
  agree(uid, data, datalen, image);
  const auto codec = codec_of(uid);
  prepare(*codec, image, p < 8 ? 8 : static_cast<int>(p));  // GDCM's assertions know no fewer
  gdcm::Fragment fragment;
  fragment.SetByteValue(reinterpret_cast<const char*>(data), static_cast<uint32_t>(datalen));
  gdcm::SmartPointer<gdcm::SequenceOfFragments> fragments = new gdcm::SequenceOfFragments;
  fragments->AddFragment(fragment);
  gdcm::DataElement in(gdcm::Tag(0x7fe0, 0x0010)), decoded;
  in.SetValue(*fragments);
  if (!codec->Decode(in, decoded)) throw std::runtime_error("GDCM cannot decode the codestream");
  const gdcm::ByteValue* bytes = decoded.GetByteValue();
  const size_t from = p <= 8 ? 1 : p <= 16 ? 2 : 4;
  const size_t want = static_cast<size_t>(n) * from;
  // A ByteValue has an even length.
  const size_t got = bytes == nullptr ? 0 : static_cast<size_t>(bytes->GetLength());
  if (got != want && got != want + want % 2) {
    throw std::runtime_error("GDCM decoded " + std::to_string(got) + " bytes of " + std::to_string(want) + ", so the codestream is cut short");
  }
  widen(bytes->GetPointer(), from, out, static_cast<size_t>(to), static_cast<size_t>(n), image[MAGN_SIGNED] != 0);
}

// damaged finds, in what was printed, that the JPEG library came upon damage and
// went on with grey. Its other words, such as those about the SOS parameters of
// 12-bit files, are about the header.
bool damaged(const std::string& said) {
  return said.find("Corrupt JPEG data") != std::string::npos || said.find("Premature end") != std::string::npos;
}

}  // namespace

int32_t magn_gdcm_abi() { return MAGN_GDCM_ABI; }

int32_t magn_gdcm_version(char* out, len outlen) {
  say(gdcm::Version::GetVersion(), out, outlen);
  return 0;
}

int32_t magn_gdcm_decode(const char* uid, const uint8_t* data, len datalen, const int64_t* image, uint8_t* out, len outlen, char* err, len errlen) {
  Capture capture;
  std::string failed;
  try {
    decode(uid, data, datalen, image, out, outlen);
  } catch (const std::bad_alloc&) {
    failed = "not enough memory to decode the codestream";
  } catch (const std::exception& e) {
    failed = e.what();
  } catch (...) {
    failed = "an exception of unknown type";
  }
  const std::string said = capture.end();
  if (failed.empty() && damaged(said)) failed = "the codestream is damaged";
  if (failed.empty()) return 0;
  const size_t tail = said.size() > 400 ? said.size() - 400 : 0;
  say(said.empty() ? failed : failed + "; it said: " + said.substr(tail), err, errlen);
  return 1;
}
