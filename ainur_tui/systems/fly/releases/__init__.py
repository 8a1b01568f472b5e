"""What runs there: releases, images, and the way back to a former one."""
