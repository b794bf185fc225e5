"""What poolpipe's speed is measured with: peers, the floor, one comparison, and a suite for every part."""
