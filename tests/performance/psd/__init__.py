"""A large PSD through OneManage, beside what people do by hand with libraries."""
