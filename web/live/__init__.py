"""The Live page's server side: who may speak, what is done with the sound as it comes, and when it is over."""
