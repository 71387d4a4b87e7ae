//! Tables: lazy frames with Arrow record batches at the border.
