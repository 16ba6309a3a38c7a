// Reading a QR code from the camera: by the browser where it can, else by a reader fetched for that.
let reader;

async function readerOf() {
  if ("BarcodeDetector" in window) {
    const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
    if (formats.includes("qr_code")) {
      const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
      return async (canvas) => (await detector.detect(canvas))[0]?.rawValue;
    }
  }
  if (!window.kantonReadQr) {
    await new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.body.dataset.reader;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }
  return async (canvas) => {
    const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return window.kantonReadQr(image);
  };
}

// Calls `found(text)` with each code seen; the returned function lets go of the camera.
export async function scan(video, found) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  let isOver = false;
  const stop = () => {
    isOver = true;
    for (const track of stream.getTracks()) track.stop();
  };
  try {
    video.srcObject = stream;
    await video.play();
    reader ??= await readerOf();
  } catch (problem) {
    stop();
    throw problem;
  }
  const canvas = document.createElement("canvas");
  const look = async () => {
    if (isOver) return;
    if (video.videoWidth) {
      const scale = Math.min(1, 720 / Math.max(video.videoWidth, video.videoHeight));
      canvas.width = video.videoWidth * scale;
      canvas.height = video.videoHeight * scale;
      canvas.getContext("2d", { willReadFrequently: true }).drawImage(video, 0, 0, canvas.width, canvas.height);
      const text = await reader(canvas).catch(() => undefined);
      if (text && !isOver) found(text);
    }
    setTimeout(look, 200);
  };
  look();
  return stop;
}
