// What really ran, in words: [short, long].

export const FIDELITY = {
  exact: ["exact", "A published algorithm, run as published"],
  "own-design": ["own design", "Designed here; no published system of this name"],
  "original-weights": ["original weights", "The published model"],
  "house-weights": ["house weights", "Trained by this project, smaller than the published model"],
};
