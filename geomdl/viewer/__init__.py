"""Looking at shapes: a page in the browser and a picture, drawn from one Scene and one Look."""
