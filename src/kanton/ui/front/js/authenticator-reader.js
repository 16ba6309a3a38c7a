// The reader of QR codes for browsers that have none; fetched only when it is needed.
import decodeQR from "qr/decode.js";

window.kantonReadQr = ({ width, height, data }) => {
  try {
    return decodeQR({ width, height, data });
  } catch {
    return undefined;
  }
};
