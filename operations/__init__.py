"""What whoever runs a server looks at: is it well, what does it do, what is wrong with its set-up."""
