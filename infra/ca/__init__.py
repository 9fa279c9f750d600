"""The certificate authorities that Aurora's own endpoints are verified against."""
