"""Value-based reinforcement learning on Gymnasium environments. The agents come later."""
